namespace Ebb.SystemTests.Parity.Scheduler;

/// <summary>Releases word the same causes differently; only one of them is at hand to be asked.</summary>
public sealed class WordingTests
{
    [Theory]
    [InlineData("0/5 nodes are available: 1 node(s) had taint {a: }, that the pod didn't tolerate, 1 node(s) had taint {b: c}, that the pod didn't tolerate, 3 node(s) didn't match Pod's node affinity.")]
    [InlineData("0/5 nodes are available: 2 node(s) had untolerated taint {a: }, 3 node(s) didn't match Pod's node affinity/selector. preemption: 0/5 nodes are available: 5 Preemption is not helpful for scheduling.")]
    [InlineData("0/5 nodes are available: 2 node(s) had untolerated taint(s), 3 node(s) didn't match Pod's node affinity/selector. no new claims to deallocate, preemption: 0/5 nodes are available: 5 Preemption is not helpful for scheduling.")]
    public void Causes_are_counted_in_the_words_of_every_release(string message)
    {
        var (causes, blocked) = Wording.Read(message);

        Assert.Null(blocked);
        Assert.Equal([(Cause.Selector, 3), (Cause.Taint, 2)], causes.Select(cause => (cause.Key, cause.Value)));
    }

    [Theory]
    [InlineData("0/2 nodes are available: 1 Insufficient example.com/gpu, 1 node(s) didn't match pod affinity/anti-affinity, 1 node(s) didn't match pod affinity rules.")]
    [InlineData("0/2 nodes are available: 1 Insufficient example.com/gpu, 1 node(s) didn't match pod affinity rules. preemption: 0/2 nodes are available: 2 No preemption victims found for incoming pod.")]
    public void What_older_releases_say_twice_counts_once(string message)
    {
        var (causes, _) = Wording.Read(message);

        Assert.Equal([(Cause.Affinity, 1), (Cause.Insufficient + "example.com/gpu", 1)], causes.Select(cause => (cause.Key, cause.Value)));
    }

    [Theory]
    [InlineData("0/3 nodes are available: 3 persistentvolumeclaim \"data\" not found.")]
    [InlineData("0/3 nodes are available: persistentvolumeclaim \"data\" not found. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.")]
    public void What_forbids_all_nodes_at_once_is_no_cause_of_one(string message)
    {
        var (causes, blocked) = Wording.Read(message);

        Assert.Empty(causes);
        Assert.Equal("persistentvolumeclaim \"data\" not found", blocked);
    }

    [Fact]
    public void A_word_that_nobody_knows_is_not_passed_over() =>
        Assert.Throws<InvalidOperationException>(() => Wording.Read("0/3 nodes are available: 1 node(s) had a bad day, 2 Insufficient cpu."));
}
