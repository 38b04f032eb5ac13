using System.Text.Json;
using Ebb.Clouds.Azure.Deployments;

namespace Ebb.Cli.Clusters.Provisioned;

/// <summary>Which subscription is meant, where a file names none: chosen as Azure's own tools do.</summary>
internal static class SubscriptionChoice
{
    // A profile of hundreds of subscriptions is some hundred kilobytes.
    private const int MostProfile = 8 << 20;

    /// <param name="named">By the cluster's file; null when it names none.</param>
    /// <param name="environment">Reads an environment variable.</param>
    /// <param name="visible">Those that the caller may see.</param>
    /// <exception cref="EbbException">None can be chosen, or the one that is named cannot be used.</exception>
    public static Subscription Choose(string? named, Func<string, string?> environment, IReadOnlyList<Subscription> visible)
    {
        var (id, by) = Named(named, environment);
        var enabled = visible.Where(s => s.State is "Enabled" or "Warned" or "PastDue").ToList();
        if (id is null)
        {
            return enabled switch
            {
                [var only] => only,
                [] => throw new EbbException(visible.Count == 0
                    ? "Your login sees no Azure subscription. Sign in with 'az login' to an account that has one, or ask for a role in one."
                    : $"No Azure subscription that your login sees can be used: {List(visible)}."),
                _ => throw new EbbException($"Your login sees several Azure subscriptions: {List(enabled)}. Name one with cloud.subscription in ebb.yaml, with AZURE_SUBSCRIPTION_ID, or with 'az account set'."),
            };
        }

        var found = visible.FirstOrDefault(s => s.Id.Equals(id, StringComparison.OrdinalIgnoreCase))
            ?? throw new EbbException(
                $"Azure subscription '{id}', named by {by}, is not among those that your login sees: {List(visible)}. Correct it, or sign in with 'az login' to an account that may use it.");
        return enabled.Contains(found)
            ? found
            : throw new EbbException($"Azure subscription '{found.Name}' ({found.Id}) is {found.State}; nothing can be made in it. Enable it, or name another with cloud.subscription in ebb.yaml.");
    }

    /// <summary>Which one is meant, without asking the cloud whether it is there; null where nothing names one.</summary>
    public static string? Named(string? named, Func<string, string?> environment, out string by)
    {
        (var id, by) = Named(named, environment);
        return id;
    }

    private static (string? Id, string By) Named(string? named, Func<string, string?> environment)
    {
        if (!string.IsNullOrWhiteSpace(named))
        {
            return (named, "cloud.subscription in ebb.yaml");
        }

        foreach (var variable in new[] { "AZURE_SUBSCRIPTION_ID", "ARM_SUBSCRIPTION_ID" })
        {
            if (environment(variable) is { Length: > 0 } value)
            {
                return (value.Trim(), variable);
            }
        }

        return (DefaultOfAz(environment), "'az account set'");
    }

    /// <summary>The one that <c>az account show</c> shows; null where az was never signed in, or its file is of another form.</summary>
    private static string? DefaultOfAz(Func<string, string?> environment)
    {
        var folder = environment("AZURE_CONFIG_DIR") is { Length: > 0 } told
            ? told
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".azure");
        var profile = new FileInfo(Path.Combine(folder, "azureProfile.json"));
        try
        {
            if (!profile.Exists || profile.Length > MostProfile)
            {
                return null;
            }

            // az writes it with a byte order mark.
            using var document = JsonDocument.Parse(File.ReadAllText(profile.FullName).TrimStart('\uFEFF'));
            return document.RootElement.TryGetProperty("subscriptions", out var all) && all.ValueKind is JsonValueKind.Array
                ? all.EnumerateArray()
                    .Where(s => s.ValueKind is JsonValueKind.Object && s.TryGetProperty("isDefault", out var isDefault) && isDefault.ValueKind is JsonValueKind.True)
                    .Select(s => s.TryGetProperty("id", out var id) ? id.GetString() : null)
                    .FirstOrDefault()
                : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            // Another tool's file, of no use: then the choice falls among what is visible.
            return null;
        }
    }

    private static string List(IReadOnlyList<Subscription> all) => all.Count == 0
        ? "none"
        : string.Join(", ", all.Take(10).Select(s => $"'{s.Name}' ({s.Id}{(s.State == "Enabled" ? "" : $", {s.State}")})")) + (all.Count > 10 ? $" and {all.Count - 10} more" : "");
}
