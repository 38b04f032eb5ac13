using System.CommandLine;

namespace Ebb.Cli.Sandboxes;

/// <summary>Names a sandbox.</summary>
internal static class NameOption
{
    public static Option<string> Create() => new("--name")
    {
        Description = "Which sandbox; several can live side by side.",
        HelpName = "NAME",
        DefaultValueFactory = _ => SandboxHome.DefaultName,
        CompletionSources = { _ => SandboxHome.All().Select(home => home.Name) },
    };
}
