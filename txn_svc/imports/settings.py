"""What bounds imports, and where their files and messages are."""

from pydantic import Field

from runtime.settings import Settings

# PostgreSQL, S3 keys and mail subjects all stay within it.
FILE_NAME_MAX_CHARACTERS = 255


class UploadSettings(Settings):
    """What `serve` and `importer` both need."""

    uploads_bucket: str = Field(min_length=3, max_length=63, description="S3 bucket of the files.")
    import_max_bytes: int = Field(10_000_000, ge=1, le=5_000_000_000, description="The largest file an import takes.")
    upload_form_seconds: int = Field(900, ge=1, le=86_400, description="How long a form for an upload is valid.")
    waiting_imports_max: int = Field(
        20, ge=1, le=1_000, description="Imports of one holder that await their file, their answers or their review."
    )
    inline_rows_max: int = Field(
        50_000, ge=0, le=10_000_000, description="Rows of a file that is planned again while its commit is asked for."
    )
    decisions_max: int = Field(1_000, ge=1, le=100_000, description="Rows of one file a person may decide.")
    download_ticket_seconds: int = Field(60, ge=1, le=3_600, description="How long a download may be fetched, once.")
    download_seconds: float = Field(120, gt=0, description="How long fetching one file from S3 may take.")
    watchers_max: int = Field(100, ge=1, le=10_000, description="WatchImports streams of one process.")


class ImporterSettings(UploadSettings):
    """What only `importer` needs."""

    imports_queue_url: str = Field(min_length=1, description="SQS queue of the objects that arrive.")
    database_pool_timeout_seconds: float = Field(
        60, gt=0, description="Longer than a call's: a step of an import may wait until another one's commit is done."
    )
    running_imports_max: int = Field(2, ge=1, le=100, description="Imports of one holder that are worked on at once.")
    busy_retry_seconds: int = Field(5, ge=0, le=900, description="When a file comes back that finds its holder busy.")
    sweep_interval_seconds: float = Field(15, gt=0, description="How often forms expire and orphans are looked for.")
    orphan_seconds: float = Field(
        120, gt=0, description="How long an import may lie with nobody working on it: twice the queue's visibility."
    )
