using System.Diagnostics.Metrics;

namespace Ebb.Controller.Joining;

/// <summary>Counts answers by what was asked and how it came out: <c>ebb.join.answers</c> of the meter <c>Ebb.Controller.Joining</c>.</summary>
internal sealed class JoinCounts : IDisposable
{
    public const string MeterName = "Ebb.Controller.Joining";

    private readonly Meter _meter = new(MeterName);
    private readonly Counter<long> _answers;
    private long _refusedByRate;

    public JoinCounts(Func<int> connections, Func<int> pending)
    {
        _answers = _meter.CreateCounter<long>("ebb.join.answers");
        _meter.CreateObservableGauge("ebb.join.connections", connections);
        _meter.CreateObservableGauge("ebb.join.expected", pending, description: "Machines that have a token and are not nodes yet.");
    }

    public void Count(string asked, string outcome)
    {
        _answers.Add(1, new KeyValuePair<string, object?>("asked", asked), new KeyValuePair<string, object?>("outcome", outcome));
        if (outcome == "rate")
        {
            Interlocked.Increment(ref _refusedByRate);
        }
    }

    /// <summary>Requests that were refused for coming too fast since this was asked the last time: they have no line of their own.</summary>
    public long TakeRefusedByRate() => Interlocked.Exchange(ref _refusedByRate, 0);

    public void Dispose() => _meter.Dispose();
}
