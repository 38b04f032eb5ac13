using System.CommandLine;
using System.Text.Json;
using Ebb.Cli.Output;
using Ebb.Cli.Reports;
using Ebb.Cli.Sandboxes;

namespace Ebb.Cli.Commands;

/// <summary>Prints where a sandbox's kubeconfig is, or its content.</summary>
internal static class KubeconfigCommand
{
    public static Command Create(Terminal terminal)
    {
        var name = NameOption.Create();
        var content = new Option<bool>("--content") { Description = "Print what is in the file rather than where it is." };
        var json = JsonOutput.Option();
        var verb = new Verb("kubeconfig", "Print the path of the sandbox's kubeconfig, for kubectl and other clients.")
        {
            Options = { name, content, json },
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
            var report = new KubeconfigReport
            {
                Path = home.Kubeconfig,
                Content = parsed.GetValue(content) ? (await File.ReadAllTextAsync(home.Kubeconfig, ct)).TrimEnd() : null,
            };
            terminal.Print(parsed.GetValue(json)
                ? JsonSerializer.Serialize(report, ReportJson.Default.KubeconfigReport)
                : report.Content ?? report.Path);
        });
        return verb;
    }
}
