from runtime.migrations import run_env
from user_svc.model import Base

run_env(Base.metadata)
