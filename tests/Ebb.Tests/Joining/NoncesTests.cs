using Ebb.Controller.Joining;
using Ebb.Simulation;

namespace Ebb.Tests.Joining;

public class NoncesTests
{
    private readonly VirtualTime _time = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));

    [Fact]
    public void A_nonce_is_what_the_metadata_service_takes_and_no_two_are_alike()
    {
        var nonces = New();

        var given = Enumerable.Range(0, 8).Select(_ => nonces.Give("a")!).ToList();

        Assert.All(given, nonce => Assert.Matches("^[A-Za-z0-9]{32}$", nonce));
        Assert.Equal(8, given.Distinct().Count());
    }

    [Fact]
    public void It_is_taken_back_once_and_from_whom_it_was_given()
    {
        var nonces = New();
        var nonce = nonces.Give("a")!;

        Assert.False(nonces.Take(nonce, "b"));
        Assert.True(nonces.Take(nonce, "a"));
        Assert.False(nonces.Take(nonce, "a"));
    }

    [Fact]
    public void It_is_void_after_its_time()
    {
        var nonces = New();
        var nonce = nonces.Give("a")!;

        _time.Advance(TimeSpan.FromMinutes(5) + TimeSpan.FromSeconds(1));

        Assert.False(nonces.Take(nonce, "a"));
        Assert.Equal(0, nonces.Count);
    }

    [Fact]
    public void One_address_gets_no_more_than_its_share_and_has_it_again_later()
    {
        var nonces = New();
        for (var i = 0; i < 8; i++)
        {
            Assert.NotNull(nonces.Give("a"));
        }

        Assert.Null(nonces.Give("a"));
        Assert.NotNull(nonces.Give("b"));

        _time.Advance(TimeSpan.FromMinutes(6));

        Assert.NotNull(nonces.Give("a"));
    }

    [Fact]
    public void All_together_get_no_more_than_there_is_room_for()
    {
        var nonces = New();

        var given = Enumerable.Range(0, 1000).Count(i => nonces.Give($"address-{i}") is not null);

        Assert.Equal(100, given);
        Assert.Equal(100, nonces.Count);
    }

    private Nonces New() => new(TimeSpan.FromMinutes(5), most: 100, mostForOne: 8, _time);
}
