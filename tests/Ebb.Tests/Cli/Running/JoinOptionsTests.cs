using System.CommandLine;
using Ebb.Cli.Clusters;
using Ebb.Cli.Running;
using Ebb.Clouds.Azure;
using Ebb.Controller.Joining;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ebb.Tests.Cli.Running;

/// <summary>What a join server reads of its directory.</summary>
public sealed class JoinOptionsTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("ebb-join-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Files_that_come_after_it_has_started_are_read_then()
    {
        var options = await ReadAsync();

        Assert.Equal((At("handout.json"), At("attestation-roots.pem")), (options.HandoutFile, options.AttestationRootsFile));
        Assert.DoesNotContain(options.Problems(), problem => problem.Contains("handout", StringComparison.Ordinal) || problem.Contains("roots", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Roots_that_somebody_names_have_to_be_there()
    {
        var options = await ReadAsync("--join-attestation-roots", At("mine.pem"));

        Assert.Contains(options.Problems(), problem => problem == $"'{At("mine.pem")}' is not there.");
    }

    private string At(string name) => Path.Combine(_directory, name);

    private async Task<JoinServerOptions> ReadAsync(params string[] more)
    {
        await File.WriteAllTextAsync(At("kubeconfig"), """
            apiVersion: v1
            kind: Config
            current-context: farm
            clusters: [{name: farm, cluster: {server: "https://127.0.0.1:1"}}]
            users: [{name: ebb, user: {token: secret}}]
            contexts: [{name: farm, context: {cluster: farm, user: ebb}}]
            """, TestContext.Current.CancellationToken);
        await using var target = Target.Open(
            At("kubeconfig"), new AzureScope("11111111-2222-3333-4444-555555555555", "farm", null, new Uri("https://127.0.0.1:1")), null, null, static () => [], NullLoggerFactory.Instance);
        var (command, joining) = (new Command("run"), new JoinOptions());
        joining.AddTo(command);
        string[] given = ["--join-listen", "127.0.0.1:0", "--join-directory", _directory, "--join-server", "https://10.1.0.10:6443", .. more];
        return joining.Read(command.Parse(given), target)!;
    }
}
