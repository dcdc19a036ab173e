"""The environment variables of each process: what production sets, with local addresses."""

import os
from collections.abc import Mapping

from local.emulator import REGION
from local.home import ROOT
from local.ports import LOOPBACK
from local.roles import DatabaseUrls
from local.stack import CREDENTIALS, MAIL_FROM, Outputs

# Of the person's own environment only this reaches the processes, and what is named STORI_….
PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR")


def base_environment(name: str, ports: Mapping[str, int], person: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What every process of ours gets, also one that knows nothing of AWS or tokens."""
    passed = {key: value for key, value in person.items() if key in PASSED_ON or key.startswith("STORI_")}
    # Shorter than production's: Ctrl-C is meant to end everything within seconds.
    return (
        {"STORI_DRAIN_SECONDS": "5"}
        | passed
        | {
            "STORI_ENVIRONMENT": "local",
            "STORI_ADMIN_BIND": f"{LOOPBACK}:{ports[f'{name}_admin']}",
            "PYTHONUNBUFFERED": "1",
        }
    )


def aws_environment(endpoint_url: str) -> dict[str, str]:
    return CREDENTIALS | {
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_EC2_METADATA_DISABLED": "true",
        # No file of the person's own AWS configuration is read.
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


def token_environment(endpoint_url: str, outputs: Outputs) -> dict[str, str]:
    return {
        "COGNITO_ISSUER": outputs["Issuer"],
        "COGNITO_JWKS_URL": jwks_url(endpoint_url, outputs["UserPoolId"]),
        "COGNITO_DOMAIN_URL": endpoint_url,
        "COGNITO_PERSON_CLIENT_IDS": f"{outputs['WebClientId']},{outputs['CliClientId']}",
        "COGNITO_SERVICE_CLIENT_IDS": outputs["NotifierClientId"],
    }


def jwks_url(endpoint_url: str, user_pool_id: str) -> str:
    return f"{endpoint_url}/{user_pool_id}/.well-known/jwks.json"


def migration_environment(urls: DatabaseUrls, person: Mapping[str, str] = os.environ) -> dict[str, str]:
    passed = {key: value for key, value in person.items() if key in PASSED_ON}
    return passed | {
        "STORI_ENVIRONMENT": "local",
        "STORI_DATABASE_URL": urls.application,
        "STORI_MIGRATION_DATABASE_URL": urls.owner,
        "PYTHONUNBUFFERED": "1",
    }


def deployed_environments(
    endpoint_url: str, outputs: Outputs, user: DatabaseUrls, txn: DatabaseUrls
) -> dict[str, dict[str, str]]:
    """What only the deployment tells each service process: AWS, tokens, and what of them it uses."""
    aws, tokens = aws_environment(endpoint_url), token_environment(endpoint_url, outputs)
    user_database, txn_database = ({"STORI_DATABASE_URL": urls.application} for urls in (user, txn))
    imports = {"STORI_UPLOADS_BUCKET": outputs["UploadsBucket"], "STORI_IMPORTS_QUEUE_URL": outputs["ImportsQueueUrl"]}
    topics = {
        "STORI_EVENTS_TOPIC_ARN": outputs["EventsTopicArn"],
        "STORI_USER_EVENTS_TOPIC_ARN": outputs["UserEventsTopicArn"],
    }
    return {
        "user_svc": aws | tokens | user_database | {"STORI_FEEDBACK_QUEUE_URL": outputs["FeedbackQueueUrl"]},
        "user_relay": aws | tokens | user_database | topics | imports,
        "txn_svc": aws | tokens | txn_database | imports,
        "txn_relay": aws | tokens | txn_database | topics | imports,
        "importer": aws | tokens | txn_database | imports,
        "notifier": aws
        | tokens
        | {
            "COGNITO_MACHINE_CLIENT_ID": outputs["NotifierClientId"],
            "COGNITO_MACHINE_CLIENT_SECRET": outputs.notifier_client_secret,
            "STORI_NOTIFICATIONS_QUEUE_URL": outputs["NotificationsQueueUrl"],
            "STORI_DELIVERIES_TABLE": outputs["DeliveriesTable"],
            "STORI_MAIL_FROM": MAIL_FROM,
            "STORI_SES_CONFIGURATION_SET": outputs["MailConfigurationSet"],
        },
        "bff": tokens | {"STORI_WEB_CLIENT_ID": outputs["WebClientId"]},
    }


def service_environments(
    ports: Mapping[str, int], endpoint_url: str, outputs: Outputs, user: DatabaseUrls, txn: DatabaseUrls
) -> dict[str, dict[str, str]]:
    """The variables of each service process beside `base_environment`'s."""
    addresses = {
        "STORI_USER_SVC_ADDRESS": f"{LOOPBACK}:{ports['user_svc']}",
        "STORI_TXN_SVC_ADDRESS": f"{LOOPBACK}:{ports['txn_svc']}",
    }
    web_url = f"http://{LOOPBACK}:{ports['bff']}"
    placed = {
        "user_svc": {"STORI_RPC_BIND": f"{LOOPBACK}:{ports['user_svc']}"},
        "txn_svc": {"STORI_RPC_BIND": f"{LOOPBACK}:{ports['txn_svc']}"},
        "notifier": addresses | {"STORI_WEB_URL": web_url},
        "bff": addresses
        | {
            "STORI_HTTP_BIND": f"{LOOPBACK}:{ports['bff']}",
            "STORI_GRAPHQL_PROFILE": os.environ.get("STORI_GRAPHQL_PROFILE", "development"),
            "STORI_GRAPHIQL_DIR": str(ROOT / "web" / "node_modules"),
            "STORI_WEB_URL": web_url,
        },
    }
    deployed = deployed_environments(endpoint_url, outputs, user, txn)
    return {name: deployed[name] | placed.get(name, {}) for name in deployed}
