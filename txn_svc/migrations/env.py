from runtime.migrations import run_env
from txn_svc.model import Base

run_env(Base.metadata)
