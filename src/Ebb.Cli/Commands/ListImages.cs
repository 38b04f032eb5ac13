using System.Collections.Immutable;
using System.CommandLine;
using System.Text.Json;
using Ebb.Cli.Clusters.Provisioned;
using Ebb.Cli.Definition.Shapes;
using Ebb.Cli.Output;
using Ebb.Cli.Provisioning.Templates;
using Ebb.Cli.Reports;
using Ebb.Clouds.Azure.Deployments;

namespace Ebb.Cli.Commands;

/// <summary>Lists images: those with a short name, which Ebb recommends, and all others step by step as the cloud has them.</summary>
internal static class ListImages
{
    private const int MostParts = 3;

    public static Verb Create(Terminal terminal)
    {
        var cloud = new CloudOptions();
        var json = JsonOutput.Option();
        var part = new Argument<string?>("image")
        {
            Description = "Ask the cloud: PUBLISHER, or a part of its name; PUBLISHER:OFFER; PUBLISHER:OFFER:SKU.",
            HelpName = "IMAGE",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var region = new Option<string?>("--region") { Description = "The region. Default: that of the cluster's file.", HelpName = "REGION" };
        var verb = new Verb("images", "List the images that have a short name for 'options.image'; or, step by step, all that a region has.")
        {
            Arguments = { part },
            Options = { region, json },
            Examples =
            [
                new("ebb list images", "those that Ebb recommends; asks nobody"),
                new("ebb list images canon --region westeurope", "publishers with 'canon' in their name"),
                new("ebb list images Canonical:ubuntu-24_04-lts", "its kinds, as they are written in 'options.image'"),
                new("ebb list images Canonical:ubuntu-24_04-lts:server", "its versions, the newest first"),
            ],
        };
        cloud.AddTo(verb);
        verb.SetAction(async (parsed, ct) =>
        {
            if (parsed.GetValue(part) is not { Length: > 0 } wanted)
            {
                Recommended(parsed.GetValue(json), terminal);
                return;
            }

            var found = await cloud.AskAsync(
                parsed,
                terminal,
                async (facts, file) => await AskAsync(wanted, await ListCommand.RegionAsync(parsed.GetValue(region) ?? file?.Cloud.Region, facts, ct), facts, ct),
                ct);
            terminal.Print(parsed.GetValue(json) ? JsonSerializer.Serialize(found, ReportJson.Default.ImmutableArrayString) : string.Join('\n', found));
        });
        return verb;
    }

    /// <summary>What is one step below; each as it is to be asked for next, or written in a file.</summary>
    internal static async Task<ImmutableArray<string>> AskAsync(string wanted, string region, SubscriptionFacts facts, CancellationToken ct)
    {
        ImmutableArray<string> parts = [.. wanted.Split(':')];
        if (parts.Length > MostParts || parts.Any(name => name.Length == 0))
        {
            throw new EbbException($"'{wanted}' is not PUBLISHER, PUBLISHER:OFFER or PUBLISHER:OFFER:SKU.");
        }

        var publishers = await facts.ImagesAsync(region, [], ct) ?? [];
        var publisher = publishers.FirstOrDefault(name => name.Equals(parts[0], StringComparison.OrdinalIgnoreCase));
        if (publisher is null && parts.Length == 1 && publishers.Where(name => name.Contains(parts[0], StringComparison.OrdinalIgnoreCase)).Order(StringComparer.OrdinalIgnoreCase).ToImmutableArray() is { IsEmpty: false } some)
        {
            return some;
        }

        if (publisher is null)
        {
            throw new EbbException($"No publisher of images in '{region}' is called '{parts[0]}'.{Nearest.Perhaps(parts[0], publishers)}");
        }

        parts = parts.SetItem(0, publisher);
        var below = await facts.ImagesAsync(region, parts, ct)
            ?? throw new EbbException($"There is no '{wanted}' in '{region}'. 'ebb list images {string.Join(':', parts[..^1].DefaultIfEmpty(publisher))}' shows what there is.");
        return [.. below.Select(name => $"{string.Join(':', parts)}:{name}{(parts.Length == MostParts - 1 ? ":latest" : "")}")];
    }

    private static void Recommended(bool json, Terminal terminal)
    {
        ImmutableArray<ImageReport> images = [.. Images.Short.Select(name => new ImageReport(name, Urn(name, arm: false), Urn(name, arm: true)))];
        if (json)
        {
            terminal.Print(JsonSerializer.Serialize(images, ReportJson.Default.ImmutableArrayImageReport));
            return;
        }

        var grid = new Grid("image", "amd64", "arm64");
        foreach (var image in images)
        {
            grid.Add(new(image.Name), new(image.Amd64), new(image.Arm64));
        }

        grid.Print(terminal);
        terminal.Say($"Any other: PUBLISHER:OFFER:SKU:VERSION; '{Launcher.Command} list images PUBLISHER' shows what there is.");
    }

    private static string Urn(string image, bool arm) => string.Join(':', Images.PartsOf(image, arm));
}

/// <summary>A short name, and the image that it stands for on either kind of processor.</summary>
internal sealed record ImageReport(string Name, string Amd64, string Arm64);
