"""Accounts, their ledger with its triggers, imports, and what each change leaves behind.

Revision ID: 0001
Revises:
"""

from alembic import op

from runtime.migrations import application_role

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ACCOUNTS = """
CREATE TABLE account (
  id uuid PRIMARY KEY,
  name text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('DEBIT', 'CREDIT')),
  currency_code char(3) NOT NULL,
  opening_balance_minor bigint NOT NULL,
  opening_date date CHECK (opening_date BETWEEN '1900-01-01' AND '2199-12-31'),
  balance_minor bigint NOT NULL,
  transaction_count bigint NOT NULL,
  version bigint NOT NULL,
  event_sequence bigint NOT NULL DEFAULT 0,
  create_time timestamptz NOT NULL DEFAULT now(),
  close_time timestamptz
);
CREATE TABLE account_access (
  account_id uuid NOT NULL REFERENCES account,
  subject text NOT NULL,
  access text NOT NULL CHECK (access IN ('OWNER', 'EDITOR', 'VIEWER')),
  PRIMARY KEY (account_id, subject)
);
CREATE INDEX account_access_subject ON account_access (subject);
CREATE TABLE account_month (
  account_id uuid NOT NULL REFERENCES account,
  month date NOT NULL CHECK (extract(day FROM month) = 1),
  transaction_count bigint NOT NULL CHECK (transaction_count > 0),
  credit_count bigint NOT NULL CHECK (credit_count >= 0),
  debit_count bigint NOT NULL CHECK (debit_count >= 0),
  credit_total_minor bigint NOT NULL CHECK (credit_total_minor >= 0),
  debit_total_minor bigint NOT NULL CHECK (debit_total_minor <= 0),
  PRIMARY KEY (account_id, month)
);
CREATE TABLE account_digest (
  account_id uuid PRIMARY KEY REFERENCES account,
  version bigint NOT NULL,
  digest text NOT NULL
);
"""

# Ids are in the order of their time, as are the rows on disk: BRIN finds one without its account, for next to nothing.
# No foreign key: it would be checked row by row, and ledger_changed() checks the account once per statement.
TRANSACTIONS = """
CREATE TABLE transaction (
  account_id uuid NOT NULL,
  id uuid NOT NULL,
  booked_on date NOT NULL CHECK (booked_on BETWEEN '1900-01-01' AND '2199-12-31'),
  value_on date CHECK (value_on BETWEEN '1900-01-01' AND '2199-12-31'),
  amount_minor bigint NOT NULL,
  description text NOT NULL,
  category text,
  note text NOT NULL DEFAULT '',
  external_id text,
  identity uuid NOT NULL,
  occurrence bigint NOT NULL CHECK (occurrence >= 1),
  import_id uuid,
  line bigint,
  create_time timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (account_id, id)
);
CREATE UNIQUE INDEX transaction_identity ON transaction (account_id, identity, occurrence);
CREATE INDEX transaction_booked ON transaction (account_id, booked_on, id);
CREATE INDEX transaction_amount ON transaction (account_id, amount_minor, id);
CREATE INDEX transaction_id ON transaction USING brin (id) WITH (pages_per_range = 16);
"""

# import_row has no foreign key either: its rows arrive by COPY, millions at a time.
IMPORTS = """
CREATE TABLE import (
  account_id uuid NOT NULL REFERENCES account,
  id uuid NOT NULL,
  subject text NOT NULL,
  source text NOT NULL CHECK (source IN ('UPLOAD', 'DROP')),
  state text NOT NULL
    CHECK (state IN ('AWAITING_UPLOAD', 'PLANNING', 'COMMITTING', 'COMPLETED', 'FAILED', 'EXPIRED')),
  review text NOT NULL CHECK (review IN ('NEVER')),
  file_name text NOT NULL,
  size_bytes bigint NOT NULL CHECK (size_bytes >= 0),
  object_key text NOT NULL,
  object_version text,
  object_etag text,
  upload_time timestamptz,
  sha256 text,
  header text[],
  findings jsonb NOT NULL DEFAULT '[]',
  row_count bigint NOT NULL DEFAULT 0,
  imported_count bigint NOT NULL DEFAULT 0,
  duplicate_count bigint NOT NULL DEFAULT 0,
  rejected_count bigint NOT NULL DEFAULT 0,
  bytes_read bigint NOT NULL DEFAULT 0,
  bytes_total bigint NOT NULL DEFAULT 0,
  rows_read bigint NOT NULL DEFAULT 0,
  rows_written bigint NOT NULL DEFAULT 0,
  failure_code text CHECK (failure_code IN ('EMPTY', 'NOT_A_STATEMENT', 'TOO_LARGE', 'UNREADABLE', 'UNKNOWN_LAYOUT',
    'OBJECT_GONE', 'NO_ROWS', 'INTERNAL')),
  failure text,
  request_id text NOT NULL,
  traceparent text NOT NULL,
  event_sequence bigint NOT NULL DEFAULT 0,
  create_time timestamptz NOT NULL DEFAULT now(),
  expire_time timestamptz,
  start_time timestamptz,
  finish_time timestamptz,
  PRIMARY KEY (account_id, id)
);
CREATE UNIQUE INDEX import_id ON import (id);
CREATE UNIQUE INDEX import_object ON import (object_key, object_version) WHERE object_version IS NOT NULL;
CREATE INDEX import_newest ON import (account_id, create_time DESC, id DESC);
CREATE INDEX import_open ON import (subject, state) WHERE state IN ('AWAITING_UPLOAD', 'PLANNING', 'COMMITTING');
CREATE TABLE import_row (
  account_id uuid NOT NULL,
  import_id uuid NOT NULL,
  line bigint NOT NULL,
  cells text[] NOT NULL,
  outcome text CHECK (outcome IN ('CREATE', 'DUPLICATE', 'REJECT')),
  booked_on date,
  value_on date,
  amount_minor bigint,
  description text,
  external_id text,
  identity uuid,
  occurrence bigint,
  transaction_id uuid,
  reason_code text CHECK (reason_code IN ('SAME_ID', 'SAME_CONTENT', 'SIMILAR', 'PENDING', 'NO_DATE', 'BAD_DATE',
    'BAD_AMOUNT', 'BAD_ENCODING', 'UNBALANCED_QUOTE', 'CELL_COUNT', 'OTHER_CURRENCY', 'OTHER_ACCOUNT', 'TOO_LONG',
    'DECIDED')),
  reason text,
  column_name text,
  PRIMARY KEY (account_id, import_id, line)
);
CREATE INDEX import_row_rejects ON import_row (account_id, import_id, line) WHERE outcome = 'REJECT';
CREATE TABLE import_month (
  account_id uuid NOT NULL,
  import_id uuid NOT NULL,
  month date NOT NULL CHECK (extract(day FROM month) = 1),
  transaction_count bigint NOT NULL,
  credit_count bigint NOT NULL,
  debit_count bigint NOT NULL,
  credit_total_minor bigint NOT NULL,
  debit_total_minor bigint NOT NULL,
  PRIMARY KEY (account_id, import_id, month),
  FOREIGN KEY (account_id, import_id) REFERENCES import
);
"""

CALLS = """
CREATE TABLE outbox (
  position bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  event_id uuid NOT NULL UNIQUE,
  destination text NOT NULL,
  subject text NOT NULL,
  sequence bigint NOT NULL,
  type text NOT NULL,
  body text NOT NULL,
  create_time timestamptz NOT NULL DEFAULT now(),
  publish_time timestamptz
);
CREATE INDEX outbox_waiting ON outbox (destination, position) WHERE publish_time IS NULL;
CREATE INDEX outbox_published ON outbox (publish_time) WHERE publish_time IS NOT NULL;
CREATE TABLE idempotency_key (
  subject text NOT NULL,
  rpc text NOT NULL,
  key text NOT NULL,
  request_hash bytea NOT NULL,
  response bytea NOT NULL,
  create_time timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (subject, rpc, key)
);
CREATE TABLE audit_event (
  id uuid PRIMARY KEY,
  time timestamptz NOT NULL,
  actor_kind text NOT NULL,
  actor text NOT NULL,
  action text NOT NULL,
  resource text NOT NULL,
  request_id text NOT NULL
);
CREATE INDEX audit_event_resource ON audit_event (resource, id);
CREATE INDEX audit_event_actor ON audit_event (actor, id);
"""

# The update locks the account first, so the MERGE that follows sees every month that other writers have committed.
LEDGER = """
CREATE FUNCTION account_opened() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.balance_minor := NEW.opening_balance_minor;
  NEW.transaction_count := 0;
  NEW.version := 0;
  RETURN NEW;
END $$;
CREATE TRIGGER account_opened BEFORE INSERT ON account FOR EACH ROW EXECUTE FUNCTION account_opened();

CREATE FUNCTION ledger_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  direction CONSTANT bigint := CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END;
  changes CONSTANT account_month[] := ARRAY(
    SELECT ROW(
      account_id,
      date_trunc('month', booked_on::timestamp)::date,
      direction * count(*),
      direction * count(*) FILTER (WHERE amount_minor > 0),
      direction * count(*) FILTER (WHERE amount_minor < 0),
      direction * coalesce(sum(amount_minor) FILTER (WHERE amount_minor > 0), 0),
      direction * coalesce(sum(amount_minor) FILTER (WHERE amount_minor < 0), 0)
    )::account_month
    FROM changed GROUP BY account_id, date_trunc('month', booked_on::timestamp)
  );
BEGIN
  UPDATE account AS a
  SET balance_minor = a.balance_minor + c.amount,
      transaction_count = a.transaction_count + c.transactions,
      version = a.version + 1
  FROM (
    SELECT account_id, sum(transaction_count) AS transactions,
      sum(credit_total_minor) + sum(debit_total_minor) AS amount
    FROM unnest(changes) GROUP BY account_id
  ) AS c
  WHERE a.id = c.account_id;
  IF EXISTS (SELECT FROM unnest(changes) WHERE account_id NOT IN (SELECT id FROM account WHERE id = account_id)) THEN
    RAISE foreign_key_violation USING MESSAGE = 'A transaction belongs to no account.';
  END IF;
  MERGE INTO account_month AS m
  USING unnest(changes) AS c ON m.account_id = c.account_id AND m.month = c.month
  WHEN MATCHED AND m.transaction_count + c.transaction_count = 0 THEN DELETE
  WHEN MATCHED THEN UPDATE SET
    transaction_count = m.transaction_count + c.transaction_count,
    credit_count = m.credit_count + c.credit_count,
    debit_count = m.debit_count + c.debit_count,
    credit_total_minor = m.credit_total_minor + c.credit_total_minor,
    debit_total_minor = m.debit_total_minor + c.debit_total_minor
  WHEN NOT MATCHED THEN INSERT VALUES (c.account_id, c.month, c.transaction_count, c.credit_count, c.debit_count,
    c.credit_total_minor, c.debit_total_minor);
  RETURN NULL;
END $$;
CREATE TRIGGER transaction_inserted AFTER INSERT ON transaction REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_changed();
CREATE TRIGGER transaction_deleted AFTER DELETE ON transaction REFERENCING OLD TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_changed();

CREATE FUNCTION ledger_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE insufficient_privilege USING MESSAGE = 'A transaction is inserted and deleted; its figures never change.';
END $$;
CREATE TRIGGER transaction_kept BEFORE UPDATE OF account_id, booked_on, amount_minor ON transaction
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_kept();
CREATE TRIGGER transaction_not_truncated BEFORE TRUNCATE ON transaction
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_kept();
"""

# Whoever may execute a trigger function may put it on a temporary table of his own and feed it invented rows.
GRANTS = """
REVOKE EXECUTE ON FUNCTION account_opened(), ledger_changed(), ledger_kept() FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO {role};
GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role};
GRANT INSERT (id, name, kind, currency_code, opening_balance_minor, opening_date, create_time),
  UPDATE (name, event_sequence, close_time) ON account TO {role};
GRANT INSERT ON account_access TO {role};
GRANT INSERT, UPDATE ON account_digest TO {role};
GRANT INSERT, DELETE, UPDATE (category, note) ON transaction TO {role};
GRANT INSERT, UPDATE ON import TO {role};
GRANT INSERT, UPDATE, DELETE ON import_row, import_month TO {role};
GRANT INSERT, DELETE, UPDATE (publish_time) ON outbox TO {role};
GRANT INSERT, DELETE ON idempotency_key TO {role};
GRANT INSERT ON audit_event TO {role};
"""


def upgrade() -> None:
    for part in (ACCOUNTS, TRANSACTIONS, IMPORTS, CALLS, LEDGER):
        op.execute(part)
    op.execute(GRANTS.format(role=application_role()))
