using System.Text;

namespace Ebb.SystemTests.Parity.Api;

/// <summary>The table of requests, sent to a real kube-apiserver and to the sandbox's: both must answer alike.</summary>
public sealed class ApiParityTests(BothApis apis) : IClassFixture<BothApis>
{
    private static readonly IReadOnlyList<Scenario> Table = [.. TableFile.ReadAll()];
    private static readonly IReadOnlyList<Deliberate> Allowed = Deliberate.ReadAll();

    public static TheoryData<string> Titles => [.. Table.Select(scenario => scenario.ToString())];

    [Theory]
    [MemberData(nameof(Titles))]
    public async Task The_sandbox_answers_as_the_real_one(string title)
    {
        var ct = TestContext.Current.CancellationToken;
        var scenario = Table.Single(s => s.ToString() == title);
        var (real, ours) = await apis.EnterAsync(scenario.Namespace, ct);
        using var first = real;
        using var second = ours;

        var report = new StringBuilder();
        foreach (var step in scenario.Steps)
        {
            var asked = Task.WhenAll(real.SendAsync(step, ct), ours.SendAsync(step, ct));
            var answers = await asked;
            var found = Comparison.Of(
                answers[0] with { Body = new Normal(real.Kept, step.Mask).Of(answers[0].Body) },
                answers[1] with { Body = new Normal(ours.Kept, step.Mask).Of(answers[1].Body) });
            Judge(scenario, step, answers[1].At("kind") ?? "", found, report);
        }

        Assert.True(report.Length == 0, report.ToString());
    }

    [Fact]
    public void Every_deliberate_difference_stands_in_the_documentation()
    {
        var documentation = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "sandbox.md"));

        Assert.All(Allowed, difference => Assert.Contains($"`{difference.Id}`", documentation, StringComparison.Ordinal));
    }

    [Fact]
    public void Every_difference_that_the_table_names_is_a_deliberate_one() => Assert.All(
        Table.SelectMany(scenario => scenario.Steps).SelectMany(step => step.Differs),
        named => Assert.Contains(Allowed, difference => difference.Id == named.Id));

    private void Judge(Scenario scenario, Step step, string kind, List<Difference> found, StringBuilder report)
    {
        var known = Allowed.Where(difference => difference.AppliesTo(apis.Release)).ToList();
        foreach (var (id, where) in step.Differs.Where(d => known.Any(k => k.Id == d.Id)))
        {
            // An exception that nothing needs any more must not hide the next difference.
            if (found.RemoveAll(difference => where.IsMatch(difference.Where)) == 0)
            {
                report.AppendLine($"{scenario.File}.http:{step.Line}: {step.Method} {step.Path}: does not differ any more ({id})");
            }
        }

        found.RemoveAll(difference => known.Any(k => k.Everywhere.Any(place => place.Has(difference, kind))));
        if (found.Count > 0)
        {
            report.AppendLine($"{scenario.File}.http:{step.Line}: {step.Method} {step.Path}");
            foreach (var difference in found)
            {
                report.AppendLine(difference.ToString());
            }
        }
    }
}
