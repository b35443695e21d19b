"""``otel-distro completion``: the script by which a shell completes the command's words."""

from __future__ import annotations

from typing import Final

import click
from click.shell_completion import get_completion_class

_PROGRAM: Final = "otel-distro"
_VARIABLE: Final = "_OTEL_DISTRO_COMPLETE"  # the name that click itself derives from the program's


_HELP: Final = """Print the script by which a shell completes words.

\b
bash:  otel-distro completion bash \\
         > ~/.local/share/bash-completion/completions/otel-distro
zsh:   otel-distro completion zsh > "${fpath[1]}/_otel-distro"
fish:  otel-distro completion fish \\
         > ~/.config/fish/completions/otel-distro.fish
"""


@click.command(help=_HELP)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Prints the script of a shell."""
    completer = get_completion_class(shell)
    if completer is None:  # a shell that this version of click does not know
        raise click.ClickException(f"no completion for {shell} in the installed version of click")
    click.echo(completer(context.find_root().command, {}, _PROGRAM, _VARIABLE).source())
