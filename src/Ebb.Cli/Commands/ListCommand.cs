using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Ebb.Cli.Clusters.Provisioned;
using Ebb.Cli.Definition.Shapes;
using Ebb.Cli.Output;
using Ebb.Cli.Reports;
using Ebb.Clouds.Azure.Deployments;
using Ebb.Pools;

namespace Ebb.Cli.Commands;

/// <summary>Lists what a cluster can be made of: regions, sizes, images.</summary>
internal static class ListCommand
{
    public static Command Create(Terminal terminal) =>
        new Verb("list", "List what a cluster can be made of: locations, sizes, images.")
        {
            Subcommands = { Locations(terminal), Sizes(terminal), ListImages.Create(terminal) },
            Examples =
            [
                new("ebb list locations", "regions that your subscription sees"),
                new("ebb list sizes D4 --region westeurope", "machine sizes with 'D4' in their name"),
                new("ebb list images", "what machines can boot"),
                new("ebb list images Canonical", "what a publisher offers, as your subscription sees it"),
            ],
        };

    private static Verb Locations(Terminal terminal)
    {
        var cloud = new CloudOptions();
        var json = JsonOutput.Option();
        var verb = new Verb("locations", "List the regions that the subscription sees.")
        {
            Options = { json },
            Examples = [new("ebb list locations", "one a line"), new("ebb list locations --sandbox", "those of a cloud on this machine")],
        };
        cloud.AddTo(verb);
        verb.SetAction(async (parsed, ct) =>
        {
            var regions = await cloud.AskAsync(parsed, terminal, (facts, _) => facts.RegionsAsync(ct), ct);
            terminal.Print(parsed.GetValue(json)
                ? JsonSerializer.Serialize(regions.ToImmutableArray(), ReportJson.Default.ImmutableArrayString)
                : string.Join('\n', regions.Order(StringComparer.Ordinal)));
        });
        return verb;
    }

    private static Verb Sizes(Terminal terminal)
    {
        var cloud = new CloudOptions();
        var json = JsonOutput.Option();
        var part = new Argument<string?>("part") { Description = "Only sizes with this in their name.", HelpName = "PART", Arity = ArgumentArity.ZeroOrOne };
        var region = new Option<string?>("--region") { Description = "The region. Default: that of the cluster's file.", HelpName = "REGION" };
        var verb = new Verb("sizes", "List a region's machine sizes that the subscription gets, the cheapest first.")
        {
            Arguments = { part },
            Options = { region, json },
            Examples = [new("ebb list sizes --region westeurope", "all"), new("ebb list sizes NC", "those with 'NC' in their name, in the cluster's region")],
        };
        cloud.AddTo(verb);
        verb.SetAction(async (parsed, ct) =>
        {
            var offers = await cloud.AskAsync(
                parsed,
                terminal,
                async (facts, file) => await facts.SizesAsync(await RegionAsync(parsed.GetValue(region) ?? file?.Cloud.Region, facts, ct), ct),
                ct);
            var wanted = parsed.GetValue(part) ?? "";
            ImmutableArray<SizeReport> sizes =
            [
                .. offers.Values.Where(offer => offer.Refusal is null && offer.Name.Contains(wanted, StringComparison.OrdinalIgnoreCase))
                    .Select(SizeReport.Of)
                    .OrderBy(size => size.PricePerHour ?? decimal.MaxValue).ThenBy(size => size.Name, StringComparer.Ordinal),
            ];
            if (parsed.GetValue(json))
            {
                terminal.Print(JsonSerializer.Serialize(sizes, ReportJson.Default.ImmutableArraySizeReport));
                return;
            }

            var grid = new Grid("size", "cores", "GiB", "GPUs", "arch", "zones", "about USD/h", "as spot");
            foreach (var size in sizes)
            {
                grid.Add(
                    new(size.Name),
                    new($"{size.Cores}"),
                    new(size.MemoryGiB.ToString("0.#", CultureInfo.InvariantCulture)),
                    new(size.Gpus > 0 ? $"{size.Gpus}" : ""),
                    new(size.Architecture),
                    new(string.Join(' ', size.Zones)),
                    new(Price(size.PricePerHour)),
                    new(size.Spot ? Price(size.SpotPricePerHour) : "no"));
            }

            grid.Print(terminal);
        });
        return verb;
    }

    /// <summary>The region that is meant, once it is sure that there is one of that name.</summary>
    internal static async Task<string> RegionAsync(string? named, SubscriptionFacts facts, CancellationToken ct)
    {
        var regions = await facts.RegionsAsync(ct);
        return named is null && regions.Count != 1 ? throw new EbbException("Which region? Say --region, for example --region westeurope; 'ebb list locations' shows them.")
            : named is null ? regions[0]
            : regions.FirstOrDefault(r => r.Equals(named, StringComparison.OrdinalIgnoreCase))
                ?? throw new EbbException($"There is no region '{named}'.{Nearest.Perhaps(named, regions)} 'ebb list locations' shows them.");
    }

    private static string Price(decimal? price) => price?.ToString("0.000", CultureInfo.InvariantCulture) ?? "-";
}

/// <summary>A machine size; prices are about right, not a bill.</summary>
internal sealed record SizeReport(
    string Name, int Cores, double MemoryGiB, int Gpus, string Architecture, ImmutableArray<string> Zones, bool Spot, decimal? PricePerHour, decimal? SpotPricePerHour)
{
    public static SizeReport Of(SizeOffer offer)
    {
        var memory = Number(offer, "MemoryGB");
        var hardware = new MachineSize(offer.Name, offer.Cores, (long)(memory * (1L << 30))) { Gpus = (int)Number(offer, "GPUs"), Architecture = offer.Architecture };
        return new SizeReport(
            offer.Name,
            offer.Cores,
            memory,
            hardware.Gpus,
            offer.Architecture,
            offer.Zones,
            offer.Spot,
            Prices.PerHour(offer.Name, hardware, Priority.Regular),
            offer.Spot ? Prices.PerHour(offer.Name, hardware, Priority.Spot) : null);
    }

    private static double Number(SizeOffer offer, string capability) =>
        double.TryParse(offer.Capabilities.GetValueOrDefault(capability), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : 0;
}
