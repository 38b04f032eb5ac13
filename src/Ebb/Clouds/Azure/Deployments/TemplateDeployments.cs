using System.Collections.Immutable;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Xml;

namespace Ebb.Clouds.Azure.Deployments;

/// <summary>Deploys templates into resource groups and follows what becomes of them.</summary>
public sealed class TemplateDeployments(ArmConnection arm)
{
    private const int MostDepth = 20;

    private static readonly TimeSpan WhatIfEvery = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan WhatIfWithin = TimeSpan.FromMinutes(10);

    /// <summary>Null when there is none of this name, or no such group.</summary>
    public async Task<Deployment?> FindAsync(string group, string name, CancellationToken ct)
    {
        var wire = await arm.FindAsync($"Reading deployment '{name}' in '{group}'", Address(group, name), DeploymentJson.Default.WireDeployment, ct);
        return wire is null ? null : Of(wire);
    }

    /// <summary>Those that the group remembers, the latest first.</summary>
    public async Task<IReadOnlyList<Deployment>> ListAsync(string group, CancellationToken ct)
    {
        try
        {
            var wires = await arm.ListAsync(
                $"Listing the deployments of '{group}'",
                arm.Address($"{arm.GroupPath(group)}/providers/Microsoft.Resources/deployments/", ArmConnection.ResourcesVersion),
                DeploymentJson.Default.WirePageWireDeployment,
                ct);
            return [.. wires.Select(Of).OrderByDescending(d => d.At)];
        }
        catch (CloudException e) when (e.Status is HttpStatusCode.NotFound)
        {
            return [];
        }
    }

    /// <summary>Orders a deployment in Incremental mode: what is in the group and not in the template stays.</summary>
    public async Task<DeployResult> DeployAsync(
        string group, string name, JsonObject template, JsonObject parameters, IReadOnlyDictionary<string, string> tags, CancellationToken ct)
    {
        var body = Body(template, parameters, tags, whatIf: false);
        var answer = await arm.RepeatAsync(
            $"Deploying '{name}' into '{group}'", new ArmCall(HttpMethod.Put, Address(group, name), ArmFamily.Writes, body), ct);
        if (answer is not ArmAnswer.Refused refused)
        {
            return new DeployResult.Begun();
        }

        var fault = AzureFault.Of(refused.Error);
        return fault.Code is "DeploymentActive" or "DeploymentActiveAndUneditable" ? new DeployResult.Busy() : new DeployResult.Refused(fault);
    }

    /// <summary>Has Azure check a template and what the providers say beforehand.</summary>
    /// <returns>What is wrong; null when it may be deployed.</returns>
    public async Task<AzureFault?> ValidateAsync(string group, string name, JsonObject template, JsonObject parameters, CancellationToken ct)
    {
        var call = new ArmCall(HttpMethod.Post, Address(group, name, "/validate"), ArmFamily.Writes, Body(template, parameters, null, whatIf: false));
        var answer = await arm.RepeatAsync($"Checking deployment '{name}'", call, ct);
        return answer is ArmAnswer.Refused refused ? AzureFault.Of(refused.Error) : null;
    }

    /// <summary>Asks what deploying would change. Changes nothing.</summary>
    /// <exception cref="CloudException">Azure refused the template, or could not tell.</exception>
    public async Task<ImmutableArray<ResourceChange>> WhatIfAsync(
        string group, string name, JsonObject template, JsonObject parameters, CancellationToken ct)
    {
        var doing = $"Asking what deploying '{name}' into '{group}' would change";
        var call = new ArmCall(HttpMethod.Post, Address(group, name, "/whatIf"), ArmFamily.Writes, Body(template, parameters, null, whatIf: true));
        var answer = await arm.RepeatAsync(doing, call, ct);
        var started = arm.Time.GetTimestamp();
        while (answer is ArmAnswer.Ok { Status: HttpStatusCode.Accepted, Poll: { } poll } accepted)
        {
            if (arm.Time.GetElapsedTime(started) > WhatIfWithin)
            {
                throw new TimeoutException($"{doing}: Azure did not tell within {WhatIfWithin.TotalMinutes} min.");
            }

            await Task.Delay(accepted.RetryAfter ?? WhatIfEvery, arm.Time, ct);
            answer = await arm.RepeatAsync(doing, new ArmCall(HttpMethod.Get, poll.Uri, ArmFamily.Operations), ct);
        }

        if (answer is not ArmAnswer.Ok ok)
        {
            throw ArmConnection.Failed(doing, answer);
        }

        var wire = ArmConnection.Read(ok, DeploymentJson.Default.WireWhatIf) ?? throw new CloudException($"{doing}: Azure answered what is not understood.");
        if (wire.Error is { } error)
        {
            throw new CloudException($"{doing}: {AzureFault.Of(error)}", code: error.Code);
        }

        return [.. (wire.Properties?.Changes ?? wire.Changes ?? []).OfType<WireChange>().Where(c => c.ResourceId is not null).Select(Of)];
    }

    /// <summary>What the deployment does about each resource.</summary>
    public async Task<ImmutableArray<DeploymentStep>> StepsAsync(string group, string name, CancellationToken ct)
    {
        var wires = await arm.ListAsync(
            $"Reading what deployment '{name}' does", Address(group, name, "/operations"), DeploymentJson.Default.WirePageWireStep, ct);
        return [.. from wire in wires where wire.OperationId is not null && wire.Properties is not null select Of(wire.OperationId!, wire.Properties!)];
    }

    /// <summary>Asks a running deployment to begin nothing more. What runs runs on.</summary>
    public async Task CancelAsync(string group, string name, CancellationToken ct)
    {
        var answer = await arm.RepeatAsync(
            $"Cancelling deployment '{name}'", new ArmCall(HttpMethod.Post, Address(group, name, "/cancel"), ArmFamily.Writes), ct);
        if (answer is ArmAnswer.Refused { Status: not (HttpStatusCode.Conflict or HttpStatusCode.NotFound) })
        {
            throw ArmConnection.Failed($"Cancelling deployment '{name}'", answer);
        }
    }

    private Uri Address(string group, string name, string more = "") => arm.Address(
        $"{arm.GroupPath(group)}/providers/Microsoft.Resources/deployments/{Uri.EscapeDataString(name)}{more}", ArmConnection.ResourcesVersion);

    private static byte[] Body(JsonObject template, JsonObject parameters, IReadOnlyDictionary<string, string>? tags, bool whatIf)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            if (tags is not null)
            {
                writer.WriteStartObject("tags");
                foreach (var (key, value) in tags)
                {
                    writer.WriteString(key, value);
                }

                writer.WriteEndObject();
            }

            writer.WriteStartObject("properties");
            writer.WriteString("mode", "Incremental");
            writer.WritePropertyName("template");
            template.WriteTo(writer);
            writer.WritePropertyName("parameters");
            parameters.WriteTo(writer);
            if (whatIf)
            {
                writer.WriteStartObject("whatIfSettings");
                writer.WriteString("resultFormat", "FullResourcePayloads");
                writer.WriteEndObject();
            }

            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        return buffer.ToArray();
    }

    private static Deployment Of(WireDeployment wire) => new()
    {
        Name = wire.Name ?? "",
        State = wire.Properties?.ProvisioningState ?? "Unknown",
        At = wire.Properties?.Timestamp,
        Took = Span(wire.Properties?.Duration),
        CorrelationId = wire.Properties?.CorrelationId,
        Tags = wire.Tags is { } tags ? new Dictionary<string, string>(tags, StringComparer.OrdinalIgnoreCase) : new Dictionary<string, string>(),
        Outputs = Outputs(wire.Properties?.Outputs),
        Resources = [.. (wire.Properties?.OutputResources ?? []).Select(r => r?.Id).OfType<string>()],
        Fault = wire.Properties?.Error is { } error ? AzureFault.Of(error) : null,
    };

    private static ImmutableDictionary<string, JsonElement> Outputs(JsonElement? outputs) =>
        outputs is { ValueKind: JsonValueKind.Object } all
            ? all.EnumerateObject()
                .Where(o => o.Value.ValueKind is JsonValueKind.Object && o.Value.TryGetProperty("value", out _))
                .ToImmutableDictionary(o => o.Name, o => o.Value.GetProperty("value"))
            : ImmutableDictionary<string, JsonElement>.Empty;

    private static DeploymentStep Of(string id, WireStepProperties wire) => new()
    {
        OperationId = id,
        Kind = wire.ProvisioningOperation ?? "",
        State = wire.ProvisioningState ?? "",
        Target = wire.TargetResource?.Id,
        Type = wire.TargetResource?.ResourceType,
        Name = wire.TargetResource?.ResourceName,
        Took = Span(wire.Duration),
        Fault = "Failed".Equals(wire.ProvisioningState, StringComparison.OrdinalIgnoreCase) ? Fault(wire) : null,
    };

    private static AzureFault Fault(WireStepProperties wire)
    {
        if (wire.StatusMessage is { ValueKind: JsonValueKind.Object } status)
        {
            try
            {
                if (status.Deserialize(ArmJson.Default.WireError) is { } error && (error.Code ?? error.Error?.Code) is not null)
                {
                    return AzureFault.Of(error);
                }
            }
            catch (JsonException)
            {
                // Not the usual shape: said as it is.
            }
        }

        var text = wire.StatusMessage switch
        {
            { ValueKind: JsonValueKind.String } message => message.GetString()!,
            { } other => other.GetRawText(),
            null => "Azure gave no reason.",
        };
        return AzureFault.Of(new WireError(wire.StatusCode ?? "Failed", text, null, null, null));
    }

    private static ResourceChange Of(WireChange wire)
    {
        var properties = ImmutableArray.CreateBuilder<PropertyChange>();
        Flatten("", wire.Delta, properties, 0);
        return new ResourceChange
        {
            Id = wire.ResourceId!,
            Kind = Enum.TryParse<ChangeKind>(wire.ChangeType, ignoreCase: true, out var kind) ? kind : ChangeKind.Unsupported,
            Before = wire.Before,
            After = wire.After,
            Properties = properties.ToImmutable(),
            Unsupported = wire.UnsupportedReason,
        };
    }

    /// <summary>The leaves; what Azure itself says has no effect is left out.</summary>
    private static void Flatten(string prefix, IReadOnlyList<WireDelta?>? deltas, ImmutableArray<PropertyChange>.Builder into, int depth)
    {
        foreach (var delta in (deltas ?? []).OfType<WireDelta>())
        {
            var path = (prefix, delta.Path) switch
            {
                (_, null or "") => prefix,
                ("", var own) => own,
                var (outer, own) => $"{outer}.{own}",
            };
            if ("NoEffect".Equals(delta.PropertyChangeType, StringComparison.OrdinalIgnoreCase))
            {
                continue;
            }

            if (delta.Children is { Count: > 0 } children && depth < MostDepth)
            {
                Flatten(path, children, into, depth + 1);
            }
            else
            {
                into.Add(new PropertyChange(path, delta.Before, delta.After));
            }
        }
    }

    private static TimeSpan? Span(string? duration)
    {
        try
        {
            return duration is null ? null : XmlConvert.ToTimeSpan(duration);
        }
        catch (Exception e) when (e is FormatException or OverflowException)
        {
            // For people only: better none than a failure over it.
            return null;
        }
    }
}
