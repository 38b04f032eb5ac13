using Ebb.Cli.Definition;

namespace Ebb.Tests.Cli.Definition;

/// <summary>Files to read, and what came of them.</summary>
internal static class Sample
{
    public const string Least = """
        name: tide
        cloud:
          region: westeurope
        pools:
          - name: agents
            size: Standard_D4s_v5

        """;

    /// <summary>The smallest sound file, with one more line or more at its end.</summary>
    public static string With(string lines) => Least + lines + "\n";

    /// <summary>The smallest sound file, with more about its pool.</summary>
    public static string WithPool(params string[] lines) => Least + string.Concat(lines.Select(line => $"    {line}\n"));

    public static ClusterFile Read(string text, params (string Variable, string Value)[] environment) =>
        ClusterFileReader.Parse(text, "ebb.yaml", name => environment.FirstOrDefault(e => e.Variable == name).Value);

    /// <summary>The problems of a file that must not read, each on its line, without the line that counts them.</summary>
    public static string[] Problems(string text, params (string Variable, string Value)[] environment)
    {
        var message = Assert.Throws<EbbException>(() => Read(text, environment)).Message;
        var lines = message.Split('\n', StringSplitOptions.TrimEntries);
        return lines.Length == 1 ? lines : lines[1..];
    }

    public static string Problem(string text, params (string Variable, string Value)[] environment) => Assert.Single(Problems(text, environment));
}
