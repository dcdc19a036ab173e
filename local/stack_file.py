"""stack.json: where everything is, for tests and tools. It exists only while the stack is ready."""

from collections.abc import Mapping
from typing import Any

from local.demo import Person
from local.emulator import REGION
from local.environment import jwks_url
from local.ports import LOOPBACK
from local.roles import DatabaseUrls
from local.stack import Outputs

VERSION = 1


def stack_content(
    ports: Mapping[str, int],
    outputs: Outputs,
    user: DatabaseUrls,
    txn: DatabaseUrls,
    metrics_urls: Mapping[str, str],
    processes: Mapping[str, int],
    demo: Person,
) -> dict[str, Any]:
    """The file's content. `sign_in_url` is the base of /oauth2/authorize and /oauth2/token; database URLs are the
    application roles'."""
    web_url, endpoint_url = f"http://{LOOPBACK}:{ports['bff']}", f"http://{LOOPBACK}:{ports['emulator']}"
    return {
        "version": VERSION,
        "web_url": web_url,
        "graphql_url": f"{web_url}/graphql",
        "graphiql_url": f"{web_url}/graphiql",
        "mailbox_url": f"http://{LOOPBACK}:{ports['mailbox']}",
        "sign_in_url": endpoint_url,
        "aws_endpoint_url": endpoint_url,
        "region": REGION,
        "issuer": outputs["Issuer"],
        "jwks_url": jwks_url(endpoint_url, outputs["UserPoolId"]),
        "user_pool_id": outputs["UserPoolId"],
        "web_client_id": outputs["WebClientId"],
        "cli_client_id": outputs["CliClientId"],
        "uploads_bucket": outputs["UploadsBucket"],
        "imports_queue_url": outputs["ImportsQueueUrl"],
        "imports_dlq_url": outputs["ImportsDlqUrl"],
        "notifications_queue_url": outputs["NotificationsQueueUrl"],
        "notifications_dlq_url": outputs["NotificationsDlqUrl"],
        "feedback_queue_url": outputs["FeedbackQueueUrl"],
        "feedback_dlq_url": outputs["FeedbackDlqUrl"],
        "events_topic_arn": outputs["EventsTopicArn"],
        "user_events_topic_arn": outputs["UserEventsTopicArn"],
        "feedback_topic_arn": outputs["FeedbackTopicArn"],
        "deliveries_table": outputs["DeliveriesTable"],
        "user_svc_address": f"{LOOPBACK}:{ports['user_svc']}",
        "txn_svc_address": f"{LOOPBACK}:{ports['txn_svc']}",
        "user_database_url": user.application,
        "txn_database_url": txn.application,
        "metrics_urls": dict(metrics_urls),
        "processes": dict(processes),
        "demo": demo.to_json(),
    }
