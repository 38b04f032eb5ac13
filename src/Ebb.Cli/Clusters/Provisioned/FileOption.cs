using System.CommandLine;
using Ebb.Cli.Definition;

namespace Ebb.Cli.Clusters.Provisioned;

/// <summary>Names the file of a cluster in the cloud; the one in the current directory is taken without being named.</summary>
internal sealed class FileOption
{
    private readonly Option<string?> _file = new("--file", "-f")
    {
        Description = $"The cluster's file. Default: {ClusterFile.DefaultPath} in this directory, where there is one.",
        HelpName = "FILE",
    };

    public void AddTo(Command command) => command.Options.Add(_file);

    /// <summary>The file that is meant, by a command that is about nothing else.</summary>
    public string PathOrUsual(ParseResult parsed) => parsed.GetValue(_file) ?? ClusterFile.DefaultPath;

    /// <summary>The file that is meant; null where none is, and a sandbox of this machine is.</summary>
    /// <param name="name">The option that names a sandbox: whoever gives it means that.</param>
    /// <exception cref="EbbException">Both are named.</exception>
    public string? PathOf(ParseResult parsed, Option<string> name)
    {
        var named = parsed.GetResult(name) is { Implicit: false };
        var file = parsed.GetValue(_file);
        if (file is not null && named)
        {
            throw new EbbException("--file names a cluster in the cloud and --name a sandbox of this machine. Give one of them.");
        }

        return file ?? (!named && File.Exists(ClusterFile.DefaultPath) ? ClusterFile.DefaultPath : null);
    }
}
