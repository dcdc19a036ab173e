"""People, and what each change leaves behind.

Revision ID: 0001
Revises:
"""

from alembic import op

from runtime.migrations import application_role
from user_svc.model import audit_event, outbox

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

PEOPLE = """
CREATE TABLE user_profile (
  id uuid PRIMARY KEY,
  subject text NOT NULL UNIQUE,
  email text NOT NULL,
  email_state text NOT NULL DEFAULT 'DELIVERABLE' CHECK (email_state IN ('DELIVERABLE', 'BOUNCED', 'COMPLAINED')),
  display_name text NOT NULL,
  locale text NOT NULL,
  time_zone text NOT NULL,
  event_sequence bigint NOT NULL DEFAULT 0,
  create_time timestamptz NOT NULL DEFAULT now(),
  update_time timestamptz NOT NULL DEFAULT now()
);
-- SES feedback names an address; people write theirs in any case.
CREATE INDEX user_profile_email ON user_profile (lower(email));
"""

GRANTS = """
GRANT USAGE ON SCHEMA public TO {role};
GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role};
GRANT INSERT, UPDATE (email, email_state, display_name, locale, time_zone, event_sequence, update_time)
  ON user_profile TO {role};
GRANT INSERT, DELETE, UPDATE (publish_time) ON outbox TO {role};
GRANT INSERT ON audit_event TO {role};
"""


def upgrade() -> None:
    op.execute(PEOPLE)
    for table in (outbox, audit_event):
        table.create(op.get_bind())
    op.execute(GRANTS.format(role=application_role()))
