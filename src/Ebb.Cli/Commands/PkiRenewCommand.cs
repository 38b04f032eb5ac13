using System.Collections.Immutable;
using System.CommandLine;
using System.Text.Json;
using Ebb.Cli.ControlPlane;
using Ebb.Cli.ControlPlane.Pki;
using Ebb.Cli.Output;
using Ebb.Cli.Reports;
using Ebb.Cli.Sandboxes;

namespace Ebb.Cli.Commands;

/// <summary>Issues certificates anew and has running components take them up.</summary>
internal static class PkiRenewCommand
{
    public static Command Create(Terminal terminal)
    {
        var name = NameOption.Create();
        var names = new Argument<string[]>("certificates")
        {
            Description = "Which, by the names that 'ebb pki list' shows; none for those that are due.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        names.Validators.Add(result =>
        {
            // No certificate is called like an option; one that is mistyped must not be taken for a name.
            if (result.Tokens.FirstOrDefault(token => token.Value.StartsWith('-')) is { } option)
            {
                result.AddError($"'ebb pki renew' has no option '{option.Value}'.");
            }
        });
        var all = new Option<bool>("--all") { Description = "All of them, due or not; authorities stay as they are." };
        var accounts = new Option<bool>("--service-accounts")
        {
            Description = "Sign the tokens of service accounts with a new key; those that exist stay valid until 'ebb pki forget'.",
        };
        var encryption = new Option<bool>("--encryption") { Description = "Encrypt all Secrets in etcd with a new key." };
        var json = JsonOutput.Option();
        var verb = new Verb("renew", "Renew certificates, and restart what reads them, one component after the other.")
        {
            Arguments = { names },
            Options = { name, all, accounts, encryption, json },
            Examples =
            [
                new("ebb pki renew", "what is due"),
                new("ebb pki renew apiserver admin.conf", "these two"),
                new("ebb pki renew --all", "everything but the authorities"),
                new("ebb pki renew --service-accounts", "another key for service accounts"),
                new("ebb pki renew --encryption", "another key for Secrets"),
            ],
        };
        verb.SetAction(async (parsed, ct) =>
        {
            var pki = PkiCommand.Open(parsed, name);
            var wanted = parsed.GetValue(names) ?? [];
            if (wanted.Length > 0 && parsed.GetValue(all))
            {
                throw new EbbException("Name certificates, or say --all, not both.");
            }

            if (parsed.GetValue(encryption))
            {
                // Before anything is changed.
                pki.RequireRunning();
            }

            var otherwise = parsed.GetValue(accounts) || parsed.GetValue(encryption);
            var done = new List<string>();
            if (wanted.Length > 0 || parsed.GetValue(all) || !otherwise)
            {
                done.AddRange(pki.Renew(wanted, parsed.GetValue(all)).Select(change => change.Name));
            }

            if (parsed.GetValue(accounts))
            {
                pki.RotateServiceAccounts();
                done.Add("sa");
            }

            if (parsed.GetValue(encryption))
            {
                terminal.Say("Every Secret is written with a new key; kube-apiserver is restarted before and after ...");
                var secrets = await pki.RotateEncryptionAsync(ct);
                terminal.Say($"{Words.Count(secrets, "Secret")} written.");
                done.Add("encryption.yaml");
            }

            await FinishAsync(pki, [.. done], parsed.GetValue(json), terminal, ct);
        });
        return verb;
    }

    private static async Task FinishAsync(SandboxPki pki, ImmutableArray<string> done, bool json, Terminal terminal, CancellationToken ct)
    {
        ImmutableArray<string> readers = PkiReaders.Of(done);
        var runs = pki.Runs;
        if (!json)
        {
            foreach (var name in done)
            {
                terminal.Print($"Renewed {name}.");
            }

            if (done.IsEmpty)
            {
                terminal.Print("Nothing is due. 'ebb pki renew --all' renews regardless.");
                return;
            }
        }

        if (runs && !readers.IsEmpty)
        {
            terminal.Say($"Restarting {string.Join(", then ", readers)} ...");
            await pki.TakenUpAsync(ct);
        }

        if (json)
        {
            var report = new RenewalReport { Renewed = done, Readers = readers, TakenUp = runs };
            terminal.Print(JsonSerializer.Serialize(report, ReportJson.Default.RenewalReport));
        }
        else if (!readers.IsEmpty)
        {
            terminal.Print(runs ? "All run with them." : "They are taken up when the cluster starts.");
        }
    }
}
