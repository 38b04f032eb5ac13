using System.CommandLine;
using Ebb.Cli.Clusters.Provisioned;
using Ebb.Cli.Commands;
using Ebb.Cli.Sandboxes;

namespace Ebb.Cli.Clusters;

/// <summary>Which cluster a command is about: one that is named, that of an ebb.yaml, or else a sandbox.</summary>
internal sealed class TargetOptions
{
    private readonly Option<string> _name = NameOption.Create();

    private readonly AccessOptions _access = new();

    private readonly FileOption _file = new();

    public void AddTo(Command command)
    {
        command.Options.Add(_name);
        _file.AddTo(command);
        _access.AddTo(command);
    }

    /// <summary>The file of the cluster that is meant; null where another, or a sandbox, is.</summary>
    public string? FileOf(ParseResult parsed) => _access.Read(parsed).IsEmpty ? _file.PathOf(parsed, _name) : null;

    public async Task<Target> OpenAsync(ParseResult parsed, CancellationToken ct)
    {
        var access = _access.Read(parsed);
        var verbose = parsed.GetValue(Root.Verbose);
        if (!access.IsEmpty)
        {
            return await Target.OpenAsync(access, Logs.ForLooking(verbose), ct);
        }

        if (FileOf(parsed) is { } path)
        {
            return await ProvisionedTarget.OpenAsync(path, Logs.ForLooking(verbose), ct);
        }

        var home = SandboxHome.Of(parsed.GetRequiredValue(_name));
        return Target.Open(home, home.Require().Azure, Logs.ForLooking(verbose));
    }
}

/// <summary>Options that name a real cluster and the pools that serve it.</summary>
internal sealed class AccessOptions
{
    private readonly Option<string?> _kubeconfig = new("--kubeconfig")
    {
        Description = "Kubeconfig file of a real cluster. Default: KUBECONFIG, ~/.kube/config, or the pod's service account.",
        HelpName = "FILE",
    };

    private readonly Option<string?> _context = new("--context") { Description = "Context in the kubeconfig.", HelpName = "NAME" };

    private readonly Option<string?> _subscription = new("--subscription")
    {
        Description = "Azure subscription. Default: AZURE_SUBSCRIPTION_ID, or that of the machine this runs on.",
        HelpName = "ID",
    };

    private readonly Option<string?> _group = new("--resource-group")
    {
        Description = "Resource group with the scale sets. Default: AZURE_RESOURCE_GROUP, or that of the machine this runs on.",
        HelpName = "NAME",
    };

    private readonly Option<string?> _endpoint = new("--arm-endpoint")
    {
        Description = "Azure resource manager of another cloud. Default: EBB_ARM_ENDPOINT, or the public cloud's.",
        HelpName = "URL",
    };

    public void AddTo(Command command)
    {
        command.Options.Add(_kubeconfig);
        command.Options.Add(_context);
        command.Options.Add(_subscription);
        command.Options.Add(_group);
        command.Options.Add(_endpoint);
    }

    public Access Read(ParseResult parsed) => new(
        parsed.GetValue(_kubeconfig),
        parsed.GetValue(_context),
        parsed.GetValue(_subscription),
        parsed.GetValue(_group),
        parsed.GetValue(_endpoint));
}

/// <summary>A real cluster and its resource group, as far as the command line names them.</summary>
internal sealed record Access(string? Kubeconfig, string? Context, string? Subscription, string? ResourceGroup, string? ArmEndpoint)
{
    public bool IsEmpty => this == new Access(null, null, null, null, null);
}
