using System.CommandLine;
using System.Net;
using Ebb.Cli.Clusters.Provisioned;
using Ebb.Cli.ControlPlane.Pki;
using Ebb.Cli.Definition;
using Ebb.Cli.Output;
using Ebb.Cli.Provisioning;
using Ebb.Cli.Sandboxes.Subscription;

namespace Ebb.Cli.Commands;

/// <summary>Writes out what 'ebb up' would deploy: templates, parameters and cloud-config.</summary>
internal static class RenderCommand
{
    public static Command Create(Terminal terminal)
    {
        var file = new Option<string>("--file", "-f")
        {
            Description = "The cluster's file.",
            HelpName = "FILE",
            DefaultValueFactory = _ => ClusterFile.DefaultPath,
        };
        var output = new Option<string>("--output", "-o") { Description = "The directory to write to; it is made where it is missing.", HelpName = "DIR", Required = true };
        var offline = new Option<bool>("--offline") { Description = "Ask nothing of Azure: sizes are taken as their names tell, pools at their least." };
        var share = new Option<bool>("--share")
        {
            Description = $"Also write what is to lie on the cluster's own share, into {Readme.ShareDirectory}/: programs and all of its keys.",
        };
        var verb = new Verb("render", "Write out what 'ebb up' would deploy: ARM templates, their parameters, cloud-config. Nothing is deployed.")
        {
            Options = { file, output, offline, share },
            Examples =
            [
                new("ebb render -o farm", "to read it, or to deploy it with 'az'; farm/README.md says how"),
                new("ebb render -o farm --share", "with the keys and programs that 'az' has to copy to the cluster's share"),
                new("ebb render -f farm.yaml -o farm --offline", "without a login, for example to compare with what is under version control"),
            ],
        };
        verb.SetAction(async (parsed, ct) =>
        {
            var path = parsed.GetRequiredValue(file);
            var (rendering, files) = parsed.GetValue(offline) ? Offline(path) : await OnlineAsync(path, terminal, ct);
            await WriteAsync(rendering, parsed.GetValue(share) ? files : [], parsed.GetRequiredValue(output), terminal, ct);
        });
        return verb;
    }

    private static async Task<(Rendering Rendering, IReadOnlyList<ShareFile> Files)> OnlineAsync(string path, Terminal terminal, CancellationToken ct)
    {
        using var session = await ClusterSession.ChangeAsync(path, new SubscriptionSettings(), terminal.Say, ct);
        try
        {
            return await session.RenderAsync(ct);
        }
        finally
        {
            await SubscriptionEnd.IfEmptyAsync(session, CancellationToken.None);
        }
    }

    private static (Rendering Rendering, IReadOnlyList<ShareFile> Files) Offline(string path)
    {
        var file = ClusterFileReader.Read(path, Environment.GetEnvironmentVariable);
        var subscription = file.Cloud.IsSandbox
            ? SubscriptionWorld.Options(file.Name, new SubscriptionSettings()).SubscriptionId
            : SubscriptionChoice.Named(file.Cloud.Subscription, Environment.GetEnvironmentVariable, out _)
                ?? throw new EbbException($"Which subscription is meant is not known without asking Azure. Name it with cloud.subscription in {path} or with AZURE_SUBSCRIPTION_ID.");
        var home = ClusterHome.Of(file.Name);
        using var held = home.Lock();
        var own = Environment.GetEnvironmentVariable(OwnAddress.Variable) is { Length: > 0 } said ? OwnAddress.Read(said)
            : file.Cloud.IsSandbox ? [new IPNetwork(IPAddress.Loopback, 32)]
            : [];
        var inputs = ClusterInputs.Gather(file, path, home, subscription, own, make: true, TimeProvider.System);
        return (Renderer.Render(file, inputs.Rendering), inputs.Files);
    }

    private static async Task WriteAsync(Rendering rendering, IReadOnlyList<ShareFile> files, string directory, Terminal terminal, CancellationToken ct)
    {
        try
        {
            foreach (var file in rendering.Files())
            {
                var path = Path.Combine(directory, file.Path);
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                if (file.Secret)
                {
                    SecretFile.Write(path, file.Text);
                }
                else
                {
                    await File.WriteAllTextAsync(path, file.Text, ct);
                }

                terminal.Print(path);
            }

            foreach (var file in files)
            {
                var path = Path.Combine(directory, Readme.ShareDirectory, file.Path);
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                File.Delete(path);
                await using var content = file.Open();
                await using var copy = new FileStream(path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = SecretFile.OwnerOnly });
                await content.CopyToAsync(copy, ct);
                terminal.Print(path);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new EbbException($"'{directory}' cannot be written to: {e.Message.TrimEnd('.')}. Name another directory with -o.", e);
        }
    }
}
