from functools import partial

from notifier.settings import WorkerSettings
from notifier.worker import serve
from runtime.process import run, settings_or_exit

if __name__ == "__main__":
    settings = settings_or_exit(WorkerSettings)
    run("notifier", settings, partial(serve, settings=settings))
