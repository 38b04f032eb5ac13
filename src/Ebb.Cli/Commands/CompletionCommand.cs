using System.CommandLine;
using Ebb.Cli.Output;

namespace Ebb.Cli.Commands;

/// <summary>Prints a script that completes Ebb's commands and options in a shell.</summary>
internal static class CompletionCommand
{
    // Each asks the program itself, with what follows its name: whatever it can complete, the shell can. Where it knows nothing, files are.
    private const string Bash = """
        _ebb() {
          local line="${COMP_LINE:0:COMP_POINT}"
          line="${line#"$1"}"
          line="${line#"${line%%[! ]*}"}"
          local IFS=$'\n'
          COMPREPLY=($(compgen -W "$("$1" "[suggest:${#line}]" "$line" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
        }
        complete -o default -F _ebb ebb ./ebb
        """;

    private const string Zsh = """
        #compdef ebb
        _ebb() {
          local line="${(j: :)words[2,CURRENT]}"
          local -a found
          found=("${(@f)$("${words[1]}" "[suggest:${#line}]" "$line" 2>/dev/null)}")
          found=(${found:#})
          compadd -a found || _files
        }
        compdef _ebb ebb ./ebb
        """;

    private const string Fish = """
        function __ebb
          set -l words (commandline -opc)
          set -l line (string join -- " " $words[2..-1] (commandline -ct))
          $words[1] "[suggest:"(string length -- "$line")"]" "$line" 2>/dev/null
        end
        complete -c ebb -a '(__ebb)'
        """;

    public static Command Create(Terminal terminal)
    {
        var shell = new Argument<string>("shell") { Description = "bash, zsh or fish." };
        shell.AcceptOnlyFromAmong("bash", "zsh", "fish");
        var verb = new Verb("completion", "Print a script that completes commands and options in your shell.")
        {
            Arguments = { shell },
            Examples =
            [
                new("source <(ebb completion bash)", "in this shell, or from ~/.bashrc"),
                new("ebb completion fish > ~/.config/fish/completions/ebb.fish", "for every fish from now on"),
            ],
        };
        verb.SetAction(parsed => terminal.Print(parsed.GetRequiredValue(shell) switch
        {
            "zsh" => Zsh,
            "fish" => Fish,
            _ => Bash,
        }));
        return verb;
    }
}
