using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using Ebb.SystemTests.Commands;

namespace Ebb.SystemTests.AzureCli;

/// <summary>
/// An az that nobody here wrote, run as a user would, signed in with one of its profiles. Debian's 2.45 needs two: with the
/// newest one its commands <c>vm</c>, <c>vmss</c> and <c>network</c> break down before they ask anything, and the older one
/// has neither <c>container</c> nor <c>storage share-rm</c>.
/// </summary>
internal sealed class AzBinary(string path, string home, string authority)
{
    /// <summary>What the whole command printed; fails the test when it fails.</summary>
    public async Task<string> RunAsync(params string[] arguments)
    {
        var (code, output, error) = await TryAsync(arguments);
        Assert.True(code == 0, $"az {arguments[0]} {string.Join(' ', arguments.Skip(1))} ended with {code}:\n{error}{output}");
        return output;
    }

    public async Task<JsonNode> JsonAsync(params string[] arguments)
    {
        var output = await RunAsync([.. arguments, "--output", "json"]);
        return JsonNode.Parse(output) ?? throw new InvalidOperationException($"az {string.Join(' ', arguments)} printed null.");
    }

    /// <summary>What a query picks, one to a line.</summary>
    public async Task<string[]> LinesAsync(string query, params string[] arguments) =>
        (await RunAsync([.. arguments, "--query", query, "--output", "tsv"])).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public async Task<(int Code, string Output, string Error)> TryAsync(params string[] arguments)
    {
        using var process = Start(arguments);
        var ran = await Shell.EndOfAsync(process, TestContext.Current.CancellationToken);
        return (ran.ExitCode, ran.Out, ran.Error);
    }

    private Process Start(string[] arguments)
    {
        var start = new ProcessStartInfo(path, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
            WorkingDirectory = home,
        };
        start.Environment["HOME"] = home;
        start.Environment["AZURE_CONFIG_DIR"] = home;
        start.Environment["REQUESTS_CA_BUNDLE"] = authority;
        start.Environment["AZURE_CORE_COLLECT_TELEMETRY"] = "false";
        start.Environment["AZURE_CORE_NO_COLOR"] = "true";
        start.Environment["AZURE_CORE_DISABLE_PROGRESS_BAR"] = "true";
        var process = Process.Start(start) ?? throw new InvalidOperationException($"{path} did not start.");
        process.StandardInput.Close();
        return process;
    }
}
