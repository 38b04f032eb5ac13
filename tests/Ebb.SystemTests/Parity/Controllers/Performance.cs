using System.Net;
using System.Text.Json.Nodes;

namespace Ebb.SystemTests.Parity.Controllers;

/// <summary>Does a scenario's steps on both sides at once, and after each waits until both show the same and are at rest.</summary>
internal sealed class Performance(Scenario scenario, IReadOnlyList<Corner> corners)
{
    // Nothing happens for this long, on either side: what a controller does next, it does within milliseconds.
    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(400);

    // The longest that either side takes its time: a Job's pods are replaced after 10 s, and two cores may be busy.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(25);

    // For what is said to take long: pods of a vanished node are looked for every 20 s, and kept for 40 s.
    private static readonly TimeSpan LongPatience = TimeSpan.FromSeconds(150);

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(50);

    private readonly string _ns = scenario.Name;

    public async Task RunAsync(CancellationToken ct)
    {
        var steps = new[] { new Step("namespace", "namespace", [], null) }.Concat(scenario.Steps).ToList();
        foreach (var step in steps)
        {
            foreach (var corner in corners)
            {
                corner.Watcher.StoryOf(_ns).BeginStep();
            }

            await Task.WhenAll(corners.Select(corner => DoAsync(corner, step, ct)));
            await SettleAsync(step, step.Verb is "until" or "await" ? step.Text["until ".Length..] : null, step == steps[^1], ct);
        }
    }

    private Task DoAsync(Corner corner, Step step, CancellationToken ct)
    {
        var (words, json) = (step.Words, step.Json);
        var (side, player, story) = (corner.Side, corner.Player, corner.Watcher.StoryOf(_ns));
        var manner = player.MannerOf(_ns);
        switch (step.Verb)
        {
            case "namespace":
                return CreateNamespaceAsync(side, ct);
            case "pods":
                manner.Runs = words[0] == "run";
                return Task.CompletedTask;
            case "ends":
                manner.Confirms = words[0] == "run";
                return Task.CompletedTask;
            case "unordered":
                story.InOrder = false;
                return Task.CompletedTask;
            case "create":
                return side.CreateAsync(Manifests.Of(words[0], _ns, words[1], WithOwners(story, json)), ct);
            case "patch":
                return side.PatchAsync(words[0], words[0] == "Node" ? null : _ns, NameOf(story, words[0], words[1]), json!, ct);
            case "delete":
                return side.DeleteAsync(words[0], words[0] == "Node" ? null : _ns, NameOf(story, words[0], words[1]), Options(words), ct);
            case "node":
                return player.RegisterAsync($"{_ns}-{words[0]}", _ns, json, ct);
            case "silence" or "speak":
                return player.SpeakAsync($"{_ns}-{words[0]}", step.Verb == "speak", ct);
            case "notready":
                return player.SayReadyAsync($"{_ns}-{words[0]}", false, ct);
            case "pressure":
                return player.SayAsync($"{_ns}-{words[0]}", true, words.Skip(1).ToHashSet(StringComparer.Ordinal), ct);
            case "remove-namespace":
                return side.DeleteAsync("Namespace", null, _ns, [], ct);
            case "ready":
                return EachAsync(story, words, pod => !Pods.IsReady(pod) && IsAlive(pod), pod => player.SetAsync(pod, "Running", true, ct), ct);
            case "start":
                return EachAsync(story, words, pod => Pods.PhaseOf(pod) == "Pending" && IsAlive(pod), pod => player.SetAsync(pod, "Running", false, ct), ct);
            case "unready":
                return EachAsync(story, words, pod => Pods.IsReady(pod) && IsAlive(pod), pod => player.SetAsync(pod, "Running", false, ct), ct);
            case "succeed":
                return EachAsync(story, words, IsAlive, pod => player.SetAsync(pod, "Succeeded", false, ct), ct);
            case "fail":
                return EachAsync(story, words, IsAlive, pod => player.SetAsync(pod, "Failed", false, ct), ct);
            case "finish":
                return EachAsync(story, words, pod => !Pods.IsFinished(pod), pod => player.SetAsync(pod, "Succeeded", false, ct), ct);
            case "end":
                return EachAsync(story, words, Pods.IsGoing, pod => player.ConfirmAsync(pod, ct), ct);
            case "kill":
                return EachAsync(story, words, pod => !Pods.IsGoing(pod), pod => side.DeleteAsync("Pod", _ns, (string)pod["metadata"]!["name"]!, [], ct), ct);
            case "label":
                return EachAsync(story, words, _ => true, pod => side.PatchAsync("Pod", _ns, (string)pod["metadata"]!["name"]!, (JsonObject)json!.DeepClone(), ct), ct);
            case "restart":
                return EachAsync(story, words, IsAlive, pod => player.RestartAsync(pod, int.Parse(words[2], System.Globalization.CultureInfo.InvariantCulture), ct), ct);
            case "until" or "await":
                return Task.CompletedTask;
            default:
                throw new FormatException($"{scenario.Name}: no step '{step.Verb}'.");
        }
    }

    /// <summary>Its pods get no tokens: a release that keeps them in Secrets refuses pods until there is one.</summary>
    private async Task CreateNamespaceAsync(Side side, CancellationToken ct)
    {
        await side.CreateAsync(new JsonObject { ["apiVersion"] = "v1", ["kind"] = "Namespace", ["metadata"] = new JsonObject { ["name"] = _ns } }, ct);
        var account = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "ServiceAccount",
            ["metadata"] = new JsonObject { ["name"] = "default", ["namespace"] = _ns },
            ["automountServiceAccountToken"] = false,
        };
        try
        {
            await side.CreateAsync(account, ct);
        }
        catch (ApiRefusedException e) when (e.Status == HttpStatusCode.Conflict)
        {
            // The cluster was faster.
            await side.PatchAsync("ServiceAccount", _ns, "default", account, ct);
        }
    }

    private static bool IsAlive(JsonObject pod) => !Pods.IsFinished(pod) && !Pods.IsGoing(pod) && Pods.NodeOf(pod).Length > 0;

    private string NameOf(Story story, string kind, string name) => kind == "Node" ? $"{_ns}-{name}" : story.NameOf(kind, name);

    private static JsonObject Options(IReadOnlyList<string> words)
    {
        var options = new JsonObject();
        if (words.Count > 2)
        {
            options["propagationPolicy"] = words[2];
        }

        return options;
    }

    /// <summary>An owner is named "Kind name" in a scenario; its uid differs from side to side.</summary>
    private static JsonObject? WithOwners(Story story, JsonObject? json)
    {
        var copy = json?.DeepClone().AsObject();
        foreach (var owner in copy?["metadata"]?["ownerReferences"]?.AsArray() ?? [])
        {
            owner!["uid"] ??= story.UidOf((string)owner["kind"]!, (string)owner["name"]!);
        }

        return copy;
    }

    /// <summary>So many (or "all") of the pods of a name, oldest first, as soon as there are so many that qualify.</summary>
    private async Task EachAsync(Story story, IReadOnlyList<string> words, Func<JsonObject, bool> qualifies, Func<JsonObject, Task> act, CancellationToken ct)
    {
        var count = int.Parse(words[0], System.Globalization.CultureInfo.InvariantCulture);
        var started = TimeProvider.System.GetTimestamp();
        List<JsonObject> pods;
        while ((pods = [.. story.PodsCalled(words[1]).Where(qualifies)]).Count < count)
        {
            Assert.True(
                TimeProvider.System.GetElapsedTime(started) < Patience,
                $"{scenario.Name}: {string.Join(' ', words)}: only {pods.Count} pods qualify in\n{story.Render(false)}");
            await Task.Delay(Look, TimeProvider.System, ct);
        }

        foreach (var pod in pods.Take(count))
        {
            await act(pod);
        }
    }

    private async Task SettleAsync(Step step, string? until, bool last, CancellationToken ct)
    {
        var stories = corners.Select(corner => corner.Watcher.StoryOf(_ns)).ToList();
        var started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            await Task.Delay(Look, TimeProvider.System, ct);
            var rendered = stories.Select(story => story.Render(last)).ToList();
            var calm = stories.TrueForAll(story => TimeProvider.System.GetElapsedTime(story.LastChange) > Rest && !story.IsBusy());
            if (calm && rendered[0] == rendered[1] && (until is null || rendered[0].Contains(until, StringComparison.Ordinal)))
            {
                return;
            }

            if (TimeProvider.System.GetElapsedTime(started) > (step.Verb == "await" ? LongPatience : Patience))
            {
                Assert.Fail($"{scenario.Name} ({scenario.Title}), step '{step.Text}':\n{Difference.Between(rendered[0], rendered[1])}");
            }
        }
    }
}
