"""The root of every change."""

import strawberry

from bff.schema.account_mutation import AccountMutation
from bff.schema.download_mutation import DownloadMutation
from bff.schema.import_mutation import ImportMutation
from bff.schema.profile_mutation import ProfileMutation
from bff.schema.transaction_mutation import TransactionMutation


@strawberry.type
class Mutation(AccountMutation, ImportMutation, TransactionMutation, DownloadMutation, ProfileMutation):
    pass
