using System.Text.Json.Nodes;
using Ebb.Sandbox.Certificates;

namespace Ebb.SystemTests.Parity.Api;

/// <summary>The real API server and the embedded one, side by side, for all scenarios.</summary>
public sealed class BothApis : IAsyncLifetime
{
    private readonly Authority _authority = Authority.Create("parity", TimeProvider.System);
    private RealApi? _real;
    private EmbeddedApi? _embedded;

    /// <summary>Why there is no real one; null when there is.</summary>
    public string? Missing { get; private set; }

    public Version Release => _real!.Release;

    public async ValueTask InitializeAsync()
    {
        Missing = RealApi.Missing(out var binaries);
        if (Missing is null)
        {
            _real = await RealApi.StartAsync(binaries, _authority, CancellationToken.None);
            _embedded = await EmbeddedApi.StartAsync(_authority, CancellationToken.None);
        }
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

        _authority.Dispose();
    }

    /// <summary>Both, with the scenario's namespace in place, as a controller manager would leave it.</summary>
    internal async Task<(ParityServer Real, ParityServer Ours)> EnterAsync(string ns, CancellationToken ct)
    {
        var real = new ParityServer(_real!.Address, _authority);
        var ours = new ParityServer(_embedded!.Address, _authority);
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
        root["data"] = new JsonObject { ["ca.crt"] = _authority.CertificatePem };
        await real.SendAsync("POST", "/api/v1/namespaces/{{ns}}/configmaps", root, ct);
        return (real, ours);
    }

    private static JsonObject Named(string name) => new() { ["metadata"] = new JsonObject { ["name"] = name } };
}
