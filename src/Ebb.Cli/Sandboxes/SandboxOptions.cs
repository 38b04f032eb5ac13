using System.CommandLine;

namespace Ebb.Cli.Sandboxes;

/// <summary>Options that several commands share.</summary>
internal static class SandboxOptions
{
    public static Option<string> Name() => new("--name")
    {
        Description = "Which sandbox; several can live side by side.",
        HelpName = "NAME",
        DefaultValueFactory = _ => SandboxHome.DefaultName,
        CompletionSources = { _ => SandboxHome.All().Select(home => home.Name) },
    };
}
