"""Plans that wait, claims that can be undone, opening balances that are anchors, and downloads.

Revision ID: 0002
Revises: 0001
"""

from alembic import op

from runtime.migrations import application_role

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# What the holder said stays in opening_*; the balance before the first transaction is computed from it.
ACCOUNTS = """
ALTER TABLE account ADD COLUMN initial_balance_minor bigint;
UPDATE account AS a SET initial_balance_minor = a.opening_balance_minor - coalesce((
  SELECT sum(amount_minor) FROM transaction WHERE account_id = a.id AND booked_on < a.opening_date), 0);
UPDATE account SET balance_minor = balance_minor + initial_balance_minor - opening_balance_minor
WHERE initial_balance_minor <> opening_balance_minor;
ALTER TABLE account ALTER COLUMN initial_balance_minor SET NOT NULL;
"""

# reading_id: the import whose rows these are, its own or those of an earlier one of the same bytes. Code that does not
# know it inserts imports with rows of their own.
IMPORTS = """
ALTER TABLE import
  ADD COLUMN reading_id uuid,
  ADD COLUMN repeats_id uuid,
  ADD COLUMN wanted_format text,
  ADD COLUMN format text,
  ADD COLUMN shape text,
  ADD COLUMN reader_version bigint,
  ADD COLUMN answers jsonb NOT NULL DEFAULT '[]',
  ADD COLUMN decided_count bigint NOT NULL DEFAULT 0,
  ADD COLUMN plan bytea,
  ADD COLUMN plan_version bigint,
  DROP CONSTRAINT import_state_check,
  DROP CONSTRAINT import_review_check,
  ADD CONSTRAINT import_state_check CHECK (state IN ('AWAITING_UPLOAD', 'PLANNING', 'READY', 'COMMITTING', 'COMPLETED',
    'FAILED', 'REVERTING', 'REVERTED', 'DISCARDED', 'EXPIRED')),
  ADD CONSTRAINT import_review_check CHECK (review IN ('NEVER', 'ALWAYS', 'WHEN_NEW'));
CREATE FUNCTION import_read() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.reading_id := coalesce(NEW.reading_id, NEW.id);
  RETURN NEW;
END $$;
CREATE TRIGGER import_read BEFORE INSERT ON import FOR EACH ROW EXECUTE FUNCTION import_read();

ALTER TABLE import_row
  ADD COLUMN category text,
  ADD COLUMN note text,
  ADD COLUMN twins bigint NOT NULL DEFAULT 1,
  ADD COLUMN here bigint NOT NULL DEFAULT 0,
  ADD COLUMN file_occurrence bigint;
"""

KEPT = """
CREATE TABLE kept_annotation (
  account_id uuid NOT NULL REFERENCES account,
  identity uuid NOT NULL,
  occurrence bigint NOT NULL,
  category text,
  note text NOT NULL,
  PRIMARY KEY (account_id, identity, occurrence)
);
CREATE TABLE download (
  ticket_hash bytea PRIMARY KEY,
  subject text NOT NULL,
  roles text[] NOT NULL,
  kind text NOT NULL CHECK (kind IN ('TRANSACTIONS', 'REJECTS', 'ORIGINAL')),
  resource_id uuid NOT NULL,
  filter bytea NOT NULL,
  expire_time timestamptz NOT NULL
);
CREATE INDEX download_subject ON download (subject, expire_time);
"""

# The update of the account locks it first, so what is summed after it is all that other writers have committed.
LEDGER = """
CREATE OR REPLACE FUNCTION account_opened() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.initial_balance_minor := NEW.opening_balance_minor;
  NEW.balance_minor := NEW.opening_balance_minor;
  NEW.transaction_count := 0;
  NEW.version := 0;
  RETURN NEW;
END $$;

CREATE FUNCTION account_anchored() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  NEW.initial_balance_minor := NEW.opening_balance_minor - coalesce((
    SELECT sum(amount_minor) FROM transaction WHERE account_id = NEW.id AND booked_on < NEW.opening_date), 0);
  NEW.balance_minor := OLD.balance_minor + (NEW.initial_balance_minor::numeric - OLD.initial_balance_minor);
  RETURN NEW;
END $$;
CREATE TRIGGER account_anchored BEFORE UPDATE OF opening_balance_minor, opening_date ON account
  FOR EACH ROW EXECUTE FUNCTION account_anchored();

CREATE OR REPLACE FUNCTION ledger_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  -- What does not fit 64 bits may do so once it is added or taken away.
  direction CONSTANT numeric := CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END;
  changes CONSTANT account_month[] := ARRAY(
    SELECT ROW(
      account_id,
      date_trunc('month', booked_on::timestamp)::date,
      count(*),
      count(*) FILTER (WHERE amount_minor > 0),
      count(*) FILTER (WHERE amount_minor < 0),
      coalesce(sum(amount_minor) FILTER (WHERE amount_minor > 0), 0),
      coalesce(sum(amount_minor) FILTER (WHERE amount_minor < 0), 0)
    )::account_month
    FROM changed GROUP BY account_id, date_trunc('month', booked_on::timestamp)
  );
BEGIN
  UPDATE account AS a
  SET (initial_balance_minor, balance_minor) = (
        SELECT a.initial_balance_minor - direction * earlier.amount,
          a.balance_minor + direction * (c.amount - earlier.amount)
        FROM (
          SELECT coalesce(sum(amount_minor), 0) AS amount FROM changed
          WHERE a.opening_date IS NOT NULL AND account_id = a.id AND booked_on < a.opening_date
        ) AS earlier
      ),
      transaction_count = a.transaction_count + direction * c.transactions,
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
  WHEN MATCHED AND m.transaction_count + direction * c.transaction_count = 0 THEN DELETE
  WHEN MATCHED THEN UPDATE SET
    transaction_count = m.transaction_count + direction * c.transaction_count,
    credit_count = m.credit_count + direction * c.credit_count,
    debit_count = m.debit_count + direction * c.debit_count,
    credit_total_minor = m.credit_total_minor + direction * c.credit_total_minor,
    debit_total_minor = m.debit_total_minor + direction * c.debit_total_minor
  WHEN NOT MATCHED THEN INSERT VALUES (c.account_id, c.month, direction * c.transaction_count,
    direction * c.credit_count, direction * c.debit_count, direction * c.credit_total_minor,
    direction * c.debit_total_minor);
  RETURN NULL;
END $$;
"""

GRANTS = """
REVOKE EXECUTE ON FUNCTION account_anchored(), import_read() FROM PUBLIC;
GRANT UPDATE (opening_balance_minor, opening_date) ON account TO {role};
GRANT UPDATE (import_id, line) ON transaction TO {role};
GRANT SELECT, INSERT, UPDATE, DELETE ON kept_annotation TO {role};
GRANT SELECT, INSERT, DELETE ON download TO {role};
"""


def upgrade() -> None:
    for part in (ACCOUNTS, IMPORTS, KEPT, LEDGER):
        op.execute(part)
    op.execute(GRANTS.format(role=application_role()))
