using System.CommandLine;
using Ebb.Cli.Output;
using Ebb.Cli.Sandboxes;

namespace Ebb.Cli.Commands;

/// <summary>Prints where a sandbox's kubeconfig is, or its content.</summary>
internal static class KubeconfigCommand
{
    public static Command Create(Terminal terminal)
    {
        var name = NameOption.Create();
        var content = new Option<bool>("--content") { Description = "Print what is in the file rather than where it is." };
        var verb = new Verb("kubeconfig", "Print the path of the sandbox's kubeconfig, for kubectl and other clients.")
        {
            Options = { name, content },
            Examples =
            [
                new("export KUBECONFIG=$(ebb kubeconfig)", "let kubectl talk to the sandbox"),
                new("ebb kubeconfig --content > farm.yaml", "a copy to take elsewhere; it holds a key"),
            ],
        };
        verb.SetAction(async (parsed, ct) =>
        {
            var home = SandboxHome.Of(parsed.GetRequiredValue(name));
            home.Require();
            terminal.Print(
                parsed.GetValue(content) ? (await File.ReadAllTextAsync(home.Kubeconfig, ct)).TrimEnd() : home.Kubeconfig);
        });
        return verb;
    }
}
