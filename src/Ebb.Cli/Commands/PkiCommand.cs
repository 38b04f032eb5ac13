using System.CommandLine;
using System.Text.Json;
using Ebb.Cli.ControlPlane;
using Ebb.Cli.Output;
using Ebb.Cli.Reports;
using Ebb.Cli.Sandboxes;

namespace Ebb.Cli.Commands;

/// <summary>Shows and renews the keys and certificates of a control plane.</summary>
internal static class PkiCommand
{
    public static Command Create(Terminal terminal) =>
        new Verb("pki", "Show and renew the keys and certificates of the sandbox's own control plane.")
        {
            Subcommands = { List(terminal), PkiRenewCommand.Create(terminal), Forget(terminal) },
            Examples =
            [
                new("ebb pki list", "every certificate, and until when it is valid"),
                new("ebb pki renew", "renew what has less than a third of its life left"),
            ],
        };

    public static SandboxPki Open(ParseResult parsed, Option<string> name) =>
        SandboxPki.Of(SandboxHome.Of(parsed.GetRequiredValue(name)), TimeProvider.System);

    private static Verb List(Terminal terminal)
    {
        var name = NameOption.Create();
        var json = JsonOutput.Option();
        var verb = new Verb("list", "List every certificate: whose it is, who signed it, and until when it is valid.")
        {
            Options = { name, json },
            Examples = [new("ebb pki list", "as a table"), new("ebb pki list --json", "for a script")],
        };
        verb.Aliases.Add("check");
        verb.SetAction(parsed =>
        {
            var certificates = Open(parsed, name).List();
            if (parsed.GetValue(json))
            {
                terminal.Print(JsonSerializer.Serialize(certificates, ReportJson.Default.ImmutableArrayCertificateReport));
                return;
            }

            var grid = new Grid("name", "subject", "signed by", "until", "days left", "");
            foreach (var certificate in certificates)
            {
                grid.Add(
                    new(certificate.Name),
                    new(certificate.Subject ?? "-"),
                    new(certificate.Authority ?? "itself"),
                    new(certificate.Until is { } until ? $"{until:yyyy-MM-dd}" : "-"),
                    new($"{certificate.DaysLeft}"),
                    new(certificate.State, certificate.State switch { "valid" => Tone.Good, "due" => Tone.Warn, _ => Tone.Bad }));
            }

            grid.Print(terminal);
        });
        return verb;
    }

    private static Verb Forget(Terminal terminal)
    {
        var name = NameOption.Create();
        var verb = new Verb("forget", "Void the tokens of service accounts that earlier keys signed, also those that running pods hold.")
        {
            Options = { name },
            Examples = [new("ebb pki forget", "some time after 'ebb pki renew --service-accounts'")],
        };
        verb.SetAction(async (parsed, ct) =>
        {
            var pki = Open(parsed, name);
            var forgotten = pki.ForgetServiceAccounts();
            if (forgotten > 0 && pki.Runs)
            {
                terminal.Say("kube-apiserver is restarted ...");
                await pki.TakenUpAsync(ct);
            }

            terminal.Print(forgotten == 0
                ? "There is no earlier key."
                : $"Tokens of {Words.Count(forgotten, "earlier key")} are void. Pods that hold one must be started again.");
        });
        return verb;
    }
}
