using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Net;
using Ebb.Pools;

namespace Ebb.Clouds.Azure;

/// <summary>What Azure's error codes mean to a pool that wants to grow. Codes only, where one says enough: messages change and are translated.</summary>
internal static class AzureFailures
{
    /// <summary>Our own code for a failure whose code never reached us.</summary>
    public const string NoReason = "ProvisioningFailed";

    private static readonly FrozenDictionary<string, GrowRefusal> ByCode = new Dictionary<string, GrowRefusal>
    {
        // Nearly always it is this one.
        [NoReason] = GrowRefusal.NoCapacity,
        ["AllocationFailed"] = GrowRefusal.NoCapacity,
        ["ZonalAllocationFailed"] = GrowRefusal.NoCapacity,
        ["OverconstrainedAllocationRequest"] = GrowRefusal.NoCapacity,
        ["OverconstrainedZonalAllocationRequest"] = GrowRefusal.NoCapacity,
        ["SpotPriceGreaterThanProvidedMaxPrice"] = GrowRefusal.NoCapacity,
        ["QuotaExceeded"] = GrowRefusal.Quota,
        ["ResourceQuotaExceeded"] = GrowRefusal.Quota,
        ["AzureSpotIsNotSupportedForThisVMSize"] = GrowRefusal.NotOffered,
        ["AzureSpotFeatureNotEnabledForSubscription"] = GrowRefusal.NotOffered,
        ["SubnetIsFull"] = GrowRefusal.Refused,
        ["InsufficientSubnetSize"] = GrowRefusal.Refused,
        ["NicReservedForAnotherVm"] = GrowRefusal.Refused,
        ["ScopeLocked"] = GrowRefusal.Refused,
        ["AuthorizationFailed"] = GrowRefusal.Refused,
        ["LinkedAuthorizationFailed"] = GrowRefusal.Refused,
        ["RequestDisallowedByPolicy"] = GrowRefusal.Refused,
        ["KeyVaultAccessForbidden"] = GrowRefusal.Refused,
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    private static readonly FrozenSet<string> Conflicts = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        "Conflict",
        "ConflictingConcurrentWriteNotAllowed",
        "AnotherOperationInProgress",
        "RetryableErrorDueToAnotherOperation");

    /// <summary>The write came between another's: reading again heals it.</summary>
    public static bool IsConflict(ArmAnswer.Refused refused) =>
        refused.Status is HttpStatusCode.PreconditionFailed
        || (refused.Status is HttpStatusCode.Conflict && refused.Error.Codes.Any(Conflicts.Contains));

    /// <summary>Why a write of a capacity, or the operation it began, failed.</summary>
    public static GrowFailure Of(ArmError error, Priority priority, DateTimeOffset at)
    {
        if (ModelLimit.IsMeant(error.Message))
        {
            return new GrowFailure(GrowRefusal.Refused, error.Code, $"{error.Message.TrimEnd()} {ModelLimit.Remedy}", at);
        }

        // The outermost code is often only "something inside failed": the first that we know counts.
        foreach (var code in error.Codes)
        {
            if (Meaning(code, error, priority) is { } refusal)
            {
                return new GrowFailure(refusal, code, error.Message, at);
            }
        }

        return new GrowFailure(GrowRefusal.Refused, error.Code, error.Message, at);
    }

    /// <summary>For which of an operation's machines it failed: those that the details name, else perhaps any of them.</summary>
    public static ImmutableArray<OperationFailure> Of(ArmError error, AzureOperation operation)
    {
        if (operation.For.IsEmpty)
        {
            return operation.Adds || !operation.Removes.IsEmpty ? [] : [new OperationFailure(operation.Kind, null, Named: true, error.Code, error.Message)];
        }

        var named = (error.Wire?.Details ?? []).OfType<WireError>()
            .Where(detail => detail.Target is not null)
            .GroupBy(detail => LastSegment(detail.Target!), StringComparer.OrdinalIgnoreCase)
            .ToDictionary(group => group.Key, group => group.First(), StringComparer.OrdinalIgnoreCase);
        var failed = operation.For.Where(named.ContainsKey).ToList();
        return failed.Count > 0
            ? [.. failed.Select(id => new OperationFailure(operation.Kind, id, Named: true, named[id].Code ?? error.Code, named[id].Message ?? error.Message))]
            : [.. operation.For.Select(id => new OperationFailure(operation.Kind, id, Named: operation.For.Length == 1, error.Code, error.Message))];
    }

    // A target is a machine's id within its set, or its whole resource id.
    private static string LastSegment(string target) => target[(target.LastIndexOf('/') + 1)..];

    private static GrowRefusal? Meaning(string code, ArmError error, Priority priority) => code.ToUpperInvariant() switch
    {
        // For spot it says "none to spare now"; for regular machines that the size is not sold to this subscription here.
        "SKUNOTAVAILABLE" => priority is Priority.Spot ? GrowRefusal.NoCapacity : GrowRefusal.NotOffered,

        // Used for a quota and, with an inner code, for all else that is not allowed.
        "OPERATIONNOTALLOWED" => error.InnerCode is null ? GrowRefusal.Quota : GrowRefusal.Refused,
        _ => ByCode.TryGetValue(code, out var refusal) ? refusal : null,
    };
}
