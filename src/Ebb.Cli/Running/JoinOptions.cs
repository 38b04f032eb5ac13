using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using Ebb.Cli.Clusters;
using Ebb.Controller.Joining;
using Ebb.Joining;

namespace Ebb.Cli.Running;

/// <summary>Options of <c>ebb run</c> that make it a join server as well. What is left out is taken from where provisioning puts it.</summary>
internal sealed class JoinOptions
{
    private const string K3sTls = "/var/lib/rancher/k3s/server/tls";
    private const string KubernetesPki = "/etc/kubernetes/pki";

    private readonly Option<string?> _listen = new("--join-listen")
    {
        Description = $"Also admit machines to the cluster, at this address: the join server, usually on port {JoinPaths.DefaultPort}.",
        HelpName = "ADDRESS:PORT",
    };

    private readonly Option<string> _directory = new("--join-directory")
    {
        Description = "Where the join server's ca.crt, server.crt and server.key are; handout.json and attestation-roots.pem if there are such.",
        HelpName = "DIRECTORY",
        DefaultValueFactory = _ => "/etc/ebb/join",
    };

    private readonly Option<string> _agents = new("--join-agents")
    {
        Description = "Where the agent's programs for machines are: amd64 and arm64.",
        HelpName = "DIRECTORY",
        DefaultValueFactory = _ => "/var/lib/ebb/agents",
    };

    private readonly Option<string> _files = new("--join-files")
    {
        Description = "Further files for machines that reach nothing outside.",
        HelpName = "DIRECTORY",
        DefaultValueFactory = _ => "/var/lib/ebb/files",
    };

    private readonly Option<string> _distribution = new("--join-distribution")
    {
        Description = "What machines run: k3s or kubelet.",
        HelpName = "NAME",
        DefaultValueFactory = _ => JoinServerOptions.K3s,
    };

    private readonly Option<string?> _version = new("--join-version")
    {
        Description = "The release that machines run, for example v1.31.5+k3s1. Default: what is on them.",
        HelpName = "VERSION",
    };

    private readonly Option<string[]> _servers = new("--join-server")
    {
        Description = "Where machines reach an API server, https://ADDRESS:6443; may be repeated. Default: the one in use here.",
        HelpName = "URL",
    };

    private readonly Option<string?> _authority = new("--join-kubernetes-authority")
    {
        Description = $"The API server's authority. Default: {K3sTls}/server-ca.crt, or {KubernetesPki}/ca.crt for kubelet.",
        HelpName = "FILE",
    };

    private readonly Option<string?> _nodes = new("--join-node-authority")
    {
        Description = $"Who signs nodes' certificates. Default: {K3sTls}/client-ca.crt, or {KubernetesPki}/ca.crt for kubelet, if it is there.",
        HelpName = "FILE",
    };

    private readonly Option<string?> _agentToken = new("--join-agent-token")
    {
        Description = "File with k3s's agent token, for releases without single-use tokens (before 1.23.17, 1.24.11, 1.25.7, 1.26.2).",
        HelpName = "FILE",
    };

    private readonly Option<string?> _roots = new("--join-attestation-roots")
    {
        Description = "Roots that vouch for the cloud's attested documents. Default: attestation-roots.pem if it is there, else DigiCert's and Microsoft's.",
        HelpName = "FILE",
    };

    private readonly Option<string?> _audit = new("--join-audit")
    {
        Description = "File for the decisions of the join server, one line of JSON each. Default: standard output.",
        HelpName = "FILE",
    };

    public void AddTo(Command command)
    {
        Option[] all =
            [_listen, _directory, _agents, _files, _distribution, _version, _servers, _authority, _nodes, _agentToken, _roots, _audit];
        foreach (var option in all)
        {
            command.Options.Add(option);
        }
    }

    /// <summary>Null without <c>--join-listen</c>.</summary>
    /// <exception cref="EbbException">An option is wrong.</exception>
    public JoinServerOptions? Read(ParseResult parsed, Target target)
    {
        if (parsed.GetValue(_listen) is not { } listen)
        {
            return null;
        }

        var directory = parsed.GetValue(_directory)!;
        var distribution = parsed.GetValue(_distribution)!;
        var k3s = distribution == JoinServerOptions.K3s;
        return new JoinServerOptions
        {
            Listen = Address("--join-listen", listen, JoinPaths.DefaultPort),
            AuthorityFile = Path.Combine(directory, "ca.crt"),
            CertificateFile = Path.Combine(directory, "server.crt"),
            KeyFile = Path.Combine(directory, "server.key"),
            HandoutFile = Path.Combine(directory, "handout.json"),
            AttestationRootsFile = parsed.GetValue(_roots) ?? Path.Combine(directory, "attestation-roots.pem"),
            AttestationRootsMayBeMissing = parsed.GetValue(_roots) is null,
            AttestationName = JoinServerOptions.AttestationNameFor(target.Scope.ArmEndpoint),
            AgentsDirectory = Given(parsed, _agents),
            FilesDirectory = Given(parsed, _files),
            Distribution = distribution,
            Version = parsed.GetValue(_version),
            Servers = parsed.GetValue(_servers) is { Length: > 0 } servers ? [.. servers.Select(Server)] : [OwnServer(target)],
            KubernetesAuthorityFile = parsed.GetValue(_authority) ?? (k3s ? $"{K3sTls}/server-ca.crt" : $"{KubernetesPki}/ca.crt"),
            NodeAuthorityFile = parsed.GetValue(_nodes) ?? IfThere(k3s ? $"{K3sTls}/client-ca.crt" : $"{KubernetesPki}/ca.crt"),
            AgentTokenFile = parsed.GetValue(_agentToken),
            AuditFile = parsed.GetValue(_audit),
        };
    }

    /// <exception cref="EbbException">It is no address with a port.</exception>
    internal static IPEndPoint Address(string option, string text, int port) =>
        IPEndPoint.TryParse(text, out var address) && text.Contains(':', StringComparison.Ordinal)
        && (address.AddressFamily is AddressFamily.InterNetwork || text.StartsWith('['))
            ? address
            : throw new EbbException($"{option} is '{text}'; give an address and a port, for example 0.0.0.0:{port} or [::]:{port}.");

    private static Uri Server(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var server)
            ? server
            : throw new EbbException($"--join-server is '{text}'; give it as machines reach it, for example https://10.1.0.10:6443.");

    private static Uri OwnServer(Target target) =>
        target.Connection.Server is { IsLoopback: false } server
            ? server
            : throw new EbbException(
                $"Machines cannot reach the API server at {target.Connection.Server}, which is this machine itself. "
                + "Say with --join-server how they do, for example https://10.1.0.10:6443.");

    private static string? IfThere(string path) => File.Exists(path) ? path : null;

    // A directory that nobody named may be missing: then there is nothing to serve.
    private static string? Given(ParseResult parsed, Option<string> option) =>
        parsed.GetValue(option) is { } path && (parsed.GetResult(option) is { Implicit: false } || Directory.Exists(path)) ? path : null;
}
