"""The endpoints beside the turns that a client wants answered before it starts one, and the 404 for all others."""

from embedded_backend.handlers import Handler


class Models(Handler):
    """`GET .../models`."""

    def get(self) -> None:
        """Sends the list of models, empty by default: clients then go by their own."""
        self.keep()
        self.set_header("x-models-etag", '"embedded"')
        self.send_json({"models": self.shared.service.rules.models})


class AccountsCheck(Handler):
    """`GET .../wham/accounts/check`, without which Codex 0.169 starts no turn."""

    def get(self) -> None:
        """Sends one account, the one that asks."""
        account = self.keep().header("chatgpt-account-id") or "account"
        rules = self.shared.service.rules
        entry = {
            "id": account,
            "plan_type": "plus",
            "workspace_backend_origin": rules.workspace_origin,
            "account_routing_override": rules.routing_override,
        }
        self.send_json({"accounts": [entry], "account_ordering": [account], "default_account_id": account})


class NotFound(Handler):
    """Everything else."""

    def prepare(self) -> None:
        """Sends a 404, whatever the method."""
        self.keep()
        self.send_json({"detail": "Not Found"}, 404)
