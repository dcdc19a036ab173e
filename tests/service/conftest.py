import logging
from collections.abc import Iterator

import pytest
import structlog

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


@pytest.fixture
def own_logs() -> Iterator[None]:
    """A Lambda function configures logging for its process, which here is pytest's: it has it back afterwards."""
    handlers, level, processors = logging.root.handlers[:], logging.root.level, structlog.get_config()
    yield
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    structlog.configure(**processors)
