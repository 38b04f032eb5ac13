using Ebb.Cli.Output;

namespace Ebb.Cli.Definition;

/// <summary>Asks a person for what most want to choose; an empty answer takes what is shown in brackets.</summary>
internal sealed class StarterQuestions(Terminal terminal)
{
    public StarterChoices Ask(StarterChoices start)
    {
        var choices = start with
        {
            Name = Ask("Name of the cluster", start.Name, text => Values.Name(2, 30).Problem(text)),
            Sandbox = Ask("In a cloud on this machine, which costs nothing? (yes, no)", start.Sandbox ? "yes" : "no", YesOrNo) == "yes",
            Region = Ask("Region", start.Region, text => Values.Region.Problem(text)),
            ControlPlaneSize = Ask("Size of the control plane's machine", start.ControlPlaneSize, text => Values.Size.Problem(text)),
            Priority = Ask("Pool's machines spot or regular? (spot, regular, spot-then-regular)", "spot", text => Priority(text) is null ? "Write spot, regular or spot-then-regular." : null) is var word
                ? Priority(word)!.Value
                : default,
        };
        return choices with
        {
            PoolSize = Ask("Size of the pool's machines", start.PoolSize, text => Values.Size.Problem(text) ?? SpotProblem(text, choices.Priority)),
        };
    }

    private static string? YesOrNo(string text) => text is "yes" or "no" ? null : "Write yes or no.";

    private static PoolPriority? Priority(string word) => word switch
    {
        "spot" => PoolPriority.Spot,
        "regular" => PoolPriority.Regular,
        "spot-then-regular" => PoolPriority.SpotThenRegular,
        _ => null,
    };

    private static string? SpotProblem(string size, PoolPriority priority) =>
        priority is not PoolPriority.Regular && ClusterRules.NeverSpot(size) is { } why ? $"Azure sells no {size} as spot: {why}." : null;

    private string Ask(string question, string usual, Func<string, string?> problem)
    {
        while (true)
        {
            terminal.Error.Write($"{question} [{usual}]: ");
            var answer = terminal.In!.ReadLine() ?? throw new OperationCanceledException("The input ended before the answers.");
            answer = answer.Trim();
            answer = answer.Length == 0 ? usual : answer;
            if (problem(answer) is not { } why)
            {
                return answer;
            }

            terminal.Say($"  {char.ToUpperInvariant(why[0])}{why[1..]}");
        }
    }
}
