using System.Text.Json.Nodes;

namespace Ebb.Sandbox.Azure.Deployments;

/// <summary>After a deployment in mode Complete: deletes what is in its group and not in its template.</summary>
internal sealed class Cleanup(DeploymentEngine engine, DeploymentRun run, Deployment deployment, Sender sender)
{
    // Deletes need no particular version.
    private const string AnyVersion = "2021-04-01";

    /// <param name="then">Is told why something could not be deleted; null: all is gone.</param>
    public void Run(Action<JsonObject?> then) => Round(null, null, then);

    // What is still used by another goes in a later round, as long as each round gets something away.
    private void Round(int? before, JsonObject? refusal, Action<JsonObject?> then)
    {
        var strays = engine.Strays(deployment, sender);
        if (strays is null or { Count: 0 } || strays.Count >= before)
        {
            then(strays switch
            {
                null => DeploymentErrors.Json("InternalServerError", "The resources of the group could not be read."),
                { Count: 0 } => null,
                _ => refusal ?? DeploymentErrors.Json("Conflict", $"Left: {string.Join(", ", strays)}"),
            });
            return;
        }

        var open = strays.Count;
        JsonObject? first = null;
        foreach (var id in strays)
        {
            var step = engine.Step(deployment, "Delete", Describe(id));
            engine.Errand.Carry("DELETE", id, AnyVersion, null, sender, end => DeploymentEngine.Guard(run, () =>
            {
                engine.EndStep(step, end);
                first ??= end.Error;
                if (--open == 0)
                {
                    engine.In(run, TimeSpan.FromSeconds(1), () => Round(strays.Count, first, then));
                }
            }));
        }
    }

    private static (string, string, string)? Describe(string id) => Resources.ResourceId.Parse(id) is { } parsed ? (id, parsed.FullType, parsed.FullName) : null;
}
