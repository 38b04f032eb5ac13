using System.Net;
using System.Text.RegularExpressions;
using Ebb.Cli.Definition;
using Ebb.Cli.Provisioning;

namespace Ebb.Tests.Cli.Provisioning.Rendered;

public class ResourceNamesTests
{
    private static readonly ResourceNames Names = new(RenderLab.Minimal, RenderLab.Subscription);

    [Fact]
    public void Names_that_must_be_unique_in_all_of_Azure_are_this_cluster_s_alone_and_always_the_same()
    {
        var again = new ResourceNames(RenderLab.Minimal, RenderLab.Subscription.ToUpperInvariant());
        var other = new ResourceNames(RenderLab.Minimal with { Name = "mill" }, RenderLab.Subscription);
        var elsewhere = new ResourceNames(RenderLab.Minimal, "11111111-1111-1111-1111-111111111111");

        Assert.Equal((Names.StorageAccount, Names.SystemAccount, Names.DnsLabel), (again.StorageAccount, again.SystemAccount, again.DnsLabel));
        string[] accounts = [Names.StorageAccount, Names.SystemAccount, other.StorageAccount, other.SystemAccount, elsewhere.StorageAccount, elsewhere.SystemAccount];
        Assert.Equal(accounts.Length, accounts.Distinct().Count());
        Assert.All(accounts, account => Assert.Matches(new Regex(@"\A[a-z0-9]{3,24}\z"), account));
        Assert.NotEqual(Names.DnsLabel, elsewhere.DnsLabel);
        Assert.Matches(new Regex(@"\A[a-z][a-z0-9-]{1,61}[a-z0-9]\z"), Names.DnsLabel);
    }

    [Fact]
    public void What_the_file_names_is_called_so()
    {
        var names = new ResourceNames(
            RenderLab.Minimal with
            {
                Storage = new StorageDefinition { Account = "farmshares" },
                Network = new NetworkDefinition { DnsLabel = "my-farm" },
            },
            RenderLab.Subscription);

        Assert.Equal(("farmshares", "my-farm.westeurope.cloudapp.azure.com"), (names.StorageAccount, names.PublicName));
        Assert.Equal(Names.SystemAccount, names.SystemAccount);
    }

    [Fact]
    public void Control_plane_machines_have_fixed_addresses_from_the_tenth_of_their_subnet_on()
    {
        var names = new ResourceNames(
            RenderLab.Minimal with
            {
                ControlPlane = new ControlPlaneDefinition { Machines = 3 },
                Network = new NetworkDefinition { ControlPlaneSubnet = IPNetwork.Parse("10.7.3.32/27") },
            },
            RenderLab.Subscription);

        Assert.Equal(["https://10.7.3.42:1337", "https://10.7.3.43:1337", "https://10.7.3.44:1337"], names.JoinServers);
    }
}
