using System.Text.Json.Nodes;
using Ebb.SystemTests.RealKubernetes;

namespace Ebb.SystemTests.Parity.Api;

/// <summary>The real API server and the embedded one, side by side, for all scenarios.</summary>
public sealed class BothApis : IAsyncDisposable
{
    private RealControlPlane? _real;
    private EmbeddedApi? _embedded;

    /// <summary>That of the real one.</summary>
    public Version Release { get; private set; } = new();

    /// <summary>Both, with the scenario's namespace in place, as a controller manager would leave it.</summary>
    internal async Task<(ParityServer Real, ParityServer Ours)> EnterAsync(string ns, CancellationToken ct)
    {
        await StartAsync(ct);
        var real = new ParityServer(_real!.Address, _real.Authority);
        var ours = new ParityServer(_embedded!.Address, _real.Authority);
        foreach (var server in new[] { real, ours })
        {
            server.Kept["ns"] = ns;
            await server.SendAsync("POST", "/api/v1/namespaces", Named(ns), ct);
        }

        // Without tokens: how they are mounted has changed over the releases, and has scenarios of its own.
        var account = Named("default");
        account["automountServiceAccountToken"] = false;
        await real.SendAsync("POST", "/api/v1/namespaces/{{ns}}/serviceaccounts", account, ct);
        await ours.SendAsync("PATCH", "/api/v1/namespaces/{{ns}}/serviceaccounts/default", account, ct);
        var root = Named("kube-root-ca.crt");
        root["data"] = new JsonObject { ["ca.crt"] = _real.Authority.CertificatePem };
        await real.SendAsync("POST", "/api/v1/namespaces/{{ns}}/configmaps", root, ct);
        return (real, ours);
    }

    public async ValueTask DisposeAsync()
    {
        if (_embedded is not null)
        {
            await _embedded.DisposeAsync();
        }

        if (_real is not null)
        {
            await _real.DisposeAsync();
        }
    }

    private async Task StartAsync(CancellationToken ct)
    {
        if (_embedded is not null)
        {
            return;
        }

        // Nothing may act on what is kept: the embedded one has no controllers either.
        _real = await RealControlPlane.StartAsync(new RealControlPlaneOptions { ControllerManager = false, Scheduler = false }, ct);
        _embedded = await EmbeddedApi.StartAsync(_real.Authority, ct);
        using var asked = new ParityServer(_real.Address, _real.Authority);
        var version = await asked.SendAsync(new Step(0, "GET", "/version"), ct);
        Release = new Version(int.Parse(version.At("major")!), int.Parse(version.At("minor")!.TrimEnd('+')));
    }

    private static JsonObject Named(string name) => new() { ["metadata"] = new JsonObject { ["name"] = name } };
}
