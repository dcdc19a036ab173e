"""How mails ended, and what SES said of them since.

Revision ID: 0002
Revises: 0001
"""

from alembic import op

from runtime.migrations import application_role

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

MAILS = """
CREATE TABLE mail (
  delivery_id uuid PRIMARY KEY,
  type text NOT NULL,
  resource text NOT NULL,
  holder_subject text NOT NULL,
  state text NOT NULL CHECK (state IN ('SENT', 'FAILED', 'SUPPRESSED')),
  code text NOT NULL,
  attempt bigint NOT NULL CHECK (attempt >= 0),
  ses_message_id text NOT NULL,
  request_id text NOT NULL,
  settle_time timestamptz NOT NULL,
  create_time timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX mail_resource ON mail (resource, delivery_id);
CREATE INDEX mail_ses_message ON mail (ses_message_id);
CREATE INDEX mail_create_time ON mail (create_time);
"""

# Without a foreign key: SES may speak before the notifier has reported, and of an attempt whose answer was lost.
FEEDBACK = """
CREATE TABLE mail_feedback (
  ses_message_id text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('DELIVERY', 'BOUNCE', 'COMPLAINT', 'REJECT')),
  detail text NOT NULL,
  delivery_id uuid,
  time timestamptz NOT NULL,
  create_time timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (ses_message_id, kind, detail)
);
CREATE INDEX mail_feedback_delivery ON mail_feedback (delivery_id) WHERE delivery_id IS NOT NULL;
CREATE INDEX mail_feedback_create_time ON mail_feedback (create_time);
"""

GRANTS = """
GRANT SELECT, INSERT, DELETE ON mail, mail_feedback TO {role};
"""


def upgrade() -> None:
    for part in (MAILS, FEEDBACK):
        op.execute(part)
    op.execute(GRANTS.format(role=application_role()))
