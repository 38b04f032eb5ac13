using System.Collections.Immutable;
using System.Net;

namespace Ebb.Cli.ControlPlane.Pki;

/// <summary>What one certificate must say. To Kubernetes a client's common name is the user, its organizations are the groups.</summary>
internal sealed record CertificateSpec
{
    /// <summary>As kubeadm calls its files, without the ending: <c>etcd/server</c>; of a kubeconfig with it: <c>admin.conf</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Whose name signs it.</summary>
    public required string Authority { get; init; }

    public required string CommonName { get; init; }

    public ImmutableArray<string> Organizations { get; init; } = [];

    /// <summary>Less where its authority ends sooner. Default a year.</summary>
    public TimeSpan Lifetime { get; init; } = TimeSpan.FromDays(365);

    public bool Server { get; init; }

    public bool Client { get; init; }

    public ImmutableArray<string> DnsNames { get; init; } = [];

    public ImmutableArray<IPAddress> Addresses { get; init; } = [];

    /// <summary>The same, for these hosts besides: addresses and names, told apart by their look.</summary>
    public CertificateSpec WithHosts(IEnumerable<string> hosts)
    {
        var names = DnsNames.ToList();
        var addresses = Addresses.ToList();
        foreach (var host in hosts)
        {
            // A URL's host has brackets around an IPv6 address.
            if (IPAddress.TryParse(host.Trim('[', ']'), out var address))
            {
                addresses.Add(address);
            }
            else
            {
                names.Add(host);
            }
        }

        return this with
        {
            DnsNames = [.. names.Distinct(StringComparer.OrdinalIgnoreCase)],
            Addresses = [.. addresses.Distinct()],
        };
    }
}
