using Ebb.Cli.Output;

namespace Ebb.Cli.Clusters.Provisioned;

/// <summary>Shows people what a plan would change.</summary>
internal static class ClusterPlanView
{
    public static void Print(ClusterPlan plan, string subscription, Terminal terminal)
    {
        terminal.Print($"Cluster {plan.File.Name} in {plan.File.Cloud.Region}, subscription {subscription}");
        var open = plan.Preflight.ToRegister;
        if (!open.IsEmpty)
        {
            terminal.Print(Registration.Note(open, subscription));
        }

        if (plan.Changes.IsEmpty && !open.IsEmpty)
        {
            terminal.Print("All is there by its name; whether it is as the file says can be told only then.");
        }
        else if (plan.Changes.IsEmpty)
        {
            terminal.Print("Nothing to change: all is as the file says.");
        }
        else
        {
            var grid = new Grid("do", "group", "what", "means");
            foreach (var change in plan.Changes)
            {
                grid.Add(
                    new Cell(Word(change.Action), ToneOf(change.Action)),
                    new Cell(change.Group),
                    new Cell($"{change.Type[(change.Type.IndexOf('/', StringComparison.Ordinal) + 1)..]} {change.Name}"),
                    new Cell(change.Means));
                foreach (var part in change.Parts)
                {
                    // In the last column, which is as wide as it may be.
                    var effect = part.Effect is Effect.InPlace || (change.Action is ChangeAction.Impossible && part.Effect is not Effect.Impossible) ? "" : $" ({ChangeRules.Word(part.Effect)})";
                    grid.Add(new Cell(""), new Cell(""), new Cell(""), new Cell($"{part.What}{effect}", Tone.Quiet));
                }
            }

            grid.Print(terminal);
            if (plan.Changes.Any(change => change.Drift))
            {
                terminal.Print("Somebody has changed the cluster since it was last deployed; 'ebb up' brings it back to what the file says.");
            }
        }

        Warn(plan, terminal);
    }

    public static void Warn(ClusterPlan plan, Terminal terminal)
    {
        foreach (var warning in plan.Preflight.Warnings.Concat(plan.Hardware.Notes).Concat(plan.ControlPlane?.Notes ?? []))
        {
            terminal.Say($"Note: {warning}");
        }

        foreach (var change in plan.Unmendable)
        {
            terminal.Say($"Note: {change.Type} '{change.Name}' is not as the file says, and Azure does not change it back: {(change.Parts.IsEmpty ? change.Means : string.Join("; ", change.Parts.Select(part => part.What)))}. Write into the file what is there, or make the machines anew.");
        }
    }

    private static string Word(ChangeAction action) => action switch
    {
        ChangeAction.Create => "create",
        ChangeAction.Deploy => "deploy",
        ChangeAction.Change => "change",
        ChangeAction.Replace => "replace",
        ChangeAction.Delete => "delete",
        _ => "cannot",
    };

    private static Tone ToneOf(ChangeAction action) => action switch
    {
        ChangeAction.Create or ChangeAction.Deploy => Tone.Good,
        ChangeAction.Change => Tone.Warn,
        _ => Tone.Bad,
    };
}
