namespace Ebb.Tests.Cli.Operating;

/// <summary>Every request of <c>ebb scale</c> that changes something, struck by every kind of trouble: the same command once more brings the pool to just that size.</summary>
[Trait("Suite", "sim")]
public class ScaleFaultTests
{
    // At once, while the controller works on what came of it, and long afterwards.
    private static readonly double[] Pauses = [0, 0.1, 0.3, 0.6, 30];

    [Theory]
    [InlineData(2, 4, 1)]
    [InlineData(4, 2, 1)]
    [InlineData(5, 3, 1)]
    public void The_same_command_once_more_finishes_whatever_became_of_any_request(int from, int to, int busy)
    {
        var clean = new Misfortune();
        using (var farm = Farm(from, to, busy))
        {
            Assert.Null(farm.Scale(to, clean).Failure);
            farm.Pass(minutes: 20);
            Assert.Equal(to, farm.Set.Capacity);
        }

        List<string> wrong = [];
        foreach (var (call, at) in clean.Writes.Select((call, at) => (call, at)))
        {
            foreach (var trouble in Misfortune.Of(call))
            {
                foreach (var pause in Pauses)
                {
                    using var farm = Farm(from, to, busy);

                    farm.Scale(to, new Misfortune(at, trouble));
                    farm.Pass(pause);
                    var again = farm.Scale(to);
                    farm.Pass(minutes: 30);

                    var story = $"{trouble} at {call}, again after {pause} min";
                    if (again.Failure is { } failure)
                    {
                        wrong.Add($"{story}: {failure.Message}");
                    }
                    else if (farm.Set.Capacity != to)
                    {
                        wrong.Add($"{story}: {farm.Set.Capacity} machines instead of {to}");
                    }

                    wrong.AddRange(farm.Interrupted.Select(lost => $"{story}: {lost}"));
                }
            }
        }

        Assert.NotEmpty(clean.Writes);
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Theory]
    [InlineData(2, 4)]
    [InlineData(4, 2)]
    public void A_read_that_fails_is_told_or_costs_nothing_and_the_same_command_once_more_finishes(int from, int to)
    {
        var clean = new Misfortune();
        using (var farm = Farm(from, to, busy: 1))
        {
            Assert.Null(farm.Scale(to, clean).Failure);
        }

        Assert.NotEmpty(clean.Reads);
        List<string> wrong = [];
        foreach (var (call, at, trouble) in clean.ReadStrikes)
        {
            using var farm = Farm(from, to, busy: 1);

            var ended = farm.Scale(to, new Misfortune(at, trouble, ofReads: true));
            if (ended.Failure is not null || ended.Result is { Note: not null } told && told.To != to)
            {
                // Sizes that could not be read are asked for again after a minute.
                farm.Pass(minutes: 2);
                ended = farm.Scale(to);
            }

            farm.Pass(minutes: 30);

            if (ended.Failure is { } failure)
            {
                wrong.Add($"{trouble} at {call}: {failure.Message}");
            }
            else if (farm.Set.Capacity != to || farm.Interrupted.Count > 0)
            {
                wrong.Add($"{trouble} at {call}: {farm.Set.Capacity} machines instead of {to}; {string.Join(", ", farm.Interrupted)}");
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Theory]
    [InlineData(0.05)]
    [InlineData(0.2)]
    [InlineData(0.5)]
    [InlineData(1)]
    public void Shrinking_twice_to_the_same_size_removes_no_machine_more(double pause)
    {
        using var farm = Farm(6, 4, busy: 1);

        farm.Scale(4);
        farm.Pass(pause);
        var again = farm.Scale(4);
        farm.Pass(minutes: 30);

        Assert.Null(again.Failure);
        Assert.Equal(4, farm.Set.Capacity);
        Assert.Empty(farm.Interrupted);
    }

    private static FarmCase Farm(int from, int to, int busy) => new(from, busy: busy, most: Math.Max(from, to));
}
