using System.CommandLine;
using System.Text.Json;
using Ebb.Cli.Clusters.Provisioned;
using Ebb.Cli.Output;
using Ebb.Cli.Reports;
using Ebb.Cli.Sandboxes;

namespace Ebb.Cli.Commands;

/// <summary>Prints where the kubeconfig of an ebb.yaml's cluster, or of a sandbox, is; or its content.</summary>
internal static class KubeconfigCommand
{
    public static Command Create(Terminal terminal)
    {
        var name = NameOption.Create();
        var file = new FileOption();
        var content = new Option<bool>("--content") { Description = "Print what is in the file rather than where it is." };
        var json = JsonOutput.Option();
        var verb = new Verb("kubeconfig", "Print the path of the kubeconfig of ebb.yaml's cluster, or of the sandbox, for kubectl and other clients.")
        {
            Options = { name, content, json },
            Examples =
            [
                new("export KUBECONFIG=$(ebb kubeconfig)", "let kubectl talk to the sandbox"),
                new("ebb kubeconfig --content > farm.yaml", "a copy to take elsewhere; it holds a key"),
            ],
        };
        file.AddTo(verb);
        verb.SetAction(async (parsed, ct) =>
        {
            var path = file.PathOf(parsed, name) is { } cluster ? ProvisionedTarget.Kubeconfig(cluster) : OfSandbox(parsed.GetRequiredValue(name));
            var report = new KubeconfigReport
            {
                Path = path,
                Content = parsed.GetValue(content) ? (await File.ReadAllTextAsync(path, ct)).TrimEnd() : null,
            };
            terminal.Print(parsed.GetValue(json)
                ? JsonSerializer.Serialize(report, ReportJson.Default.KubeconfigReport)
                : report.Content ?? report.Path);
        });
        return verb;
    }

    private static string OfSandbox(string name)
    {
        var home = SandboxHome.Of(name);
        home.Require();
        return home.Kubeconfig;
    }
}
