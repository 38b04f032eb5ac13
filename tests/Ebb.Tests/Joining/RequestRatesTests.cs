using System.Net;
using Ebb.Controller.Joining.Limits;
using Ebb.Simulation;

namespace Ebb.Tests.Joining;

public class RequestRatesTests
{
    private readonly VirtualTime _time = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));

    [Fact]
    public void A_burst_goes_through_and_then_what_the_rate_allows()
    {
        var rates = new RequestRates(new Rate(2, 10), new Rate(1000, 1000), 100, _time);

        Assert.Equal(10, Enumerable.Range(0, 50).Count(_ => rates.Ask("a") is null));
        Assert.Equal(TimeSpan.FromSeconds(0.5), rates.Ask("a"));

        _time.Advance(TimeSpan.FromSeconds(3));

        Assert.Equal(6, Enumerable.Range(0, 50).Count(_ => rates.Ask("a") is null));
        Assert.Null(rates.Ask("b"));
    }

    [Fact]
    public void All_together_are_bounded_too_and_who_is_refused_for_others_loses_nothing()
    {
        var rates = new RequestRates(new Rate(1, 5), new Rate(1, 20), 100, _time);

        var through = Enumerable.Range(0, 100).Count(i => rates.Ask($"a{i}") is null);

        Assert.Equal(20, through);
    }

    [Fact]
    public void A_flood_of_addresses_costs_bounded_memory_and_known_ones_go_on()
    {
        var rates = new RequestRates(new Rate(1, 5), new Rate(1e6, 1_000_000), 100, _time);
        Assert.Null(rates.Ask("known"));

        for (var i = 0; i < 10_000; i++)
        {
            rates.Ask($"flood-{i}");
        }

        Assert.True(rates.Addresses <= 101, $"{rates.Addresses} addresses are told apart");
        Assert.Null(rates.Ask("known"));
        Assert.NotNull(rates.Ask("one-more"));

        _time.Advance(TimeSpan.FromSeconds(10));

        Assert.Null(rates.Ask("one-more"));
    }

    [Theory]
    [InlineData("10.1.0.4", "10.1.0.4")]
    [InlineData("::ffff:10.1.0.4", "10.1.0.4")]
    [InlineData("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64")]
    [InlineData("2001:db8:1:2::9", "2001:db8:1:2::/64")]
    [InlineData("::1", "::1")]
    public void Addresses_that_one_machine_can_choose_among_are_one(string address, string key)
    {
        Assert.Equal(key, RequestRates.KeyOf(IPAddress.Parse(address)));
    }
}
