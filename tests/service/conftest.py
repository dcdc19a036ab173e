from tests.service.imports_fixtures import (
    account_id,
    imports_aws,
    person,
    stori,
    txn_importing,
    txn_whole,
    uploads,
    watch,
)
from tests.service.txn import issuer, txn, txn_database, txn_urls
from tests.service.users import users

__all__ = [
    "account_id",
    "imports_aws",
    "issuer",
    "person",
    "stori",
    "txn",
    "txn_database",
    "txn_importing",
    "txn_urls",
    "txn_whole",
    "uploads",
    "users",
    "watch",
]
