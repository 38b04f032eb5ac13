using Ebb.Clouds.Azure;
using Ebb.Clouds.Azure.Deployments;

namespace Ebb.Cli.Clusters.Provisioned;

/// <summary>What to do about what Azure says.</summary>
internal static class Remedies
{
    private static readonly (string Code, string Remedy)[] ByCode =
    [
        ("SkuNotAvailable", "Choose another size or region in ebb.yaml, or other zones."),
        ("AllocationFailed", "Azure has no such machine to spare there now: try again later, or choose another size."),
        ("ZonalAllocationFailed", "Azure has no such machine to spare in that zone now: leave out zones, or choose another size."),
        ("OverconstrainedAllocationRequest", "Azure cannot satisfy size, zone and priority together: leave out zones, or choose another size."),
        ("QuotaExceeded", "Ask for more under 'Usage + quotas' of the subscription, or choose smaller sizes."),
        ("OperationNotAllowed", "Where it names a quota: ask for more under 'Usage + quotas' of the subscription, or choose smaller sizes."),
        ("PublicIPCountLimitReached", "Delete public addresses that nobody uses, or ask for more."),
        ("StorageAccountAlreadyTaken", "Choose another name with storage.account."),
        ("DnsRecordInUse", "Choose another name with network.dnsLabel."),
        ("InUsePrefixCannotBeDeleted", "Machines have addresses of it: put network.range and its subnets back as they were."),
        ("AuthorizationFailed", "Ask an owner for the right that it names; rights that were just given take some minutes."),
        ("LinkedAuthorizationFailed", "Ask an owner for the right that it names."),
        ("RequestDisallowedByPolicy", "A policy of your organization forbids it: ask whoever keeps it."),
        ("PrincipalNotFound", "The new identity is not known everywhere yet: run this again in a minute."),
        ("ScopeLocked", "Remove the lock that it names."),
        ("SubscriptionNotRegistered", "Run this again; the provider is being registered."),
        ("MissingSubscriptionRegistration", "Run this again; the provider is being registered."),
        ("NicReservedForAnotherVm", "Run this again in three minutes."),
        ("InternalServerError", "It is Azure's own trouble: run this again."),
        ("RoleAssignmentUpdateNotPermitted", "An assignment of an identity that is gone is in the way: delete it under 'Access control' of the resource."),
    ];

    /// <summary>Null where Azure's own words have to do.</summary>
    public static string? Of(AzureFault fault) => fault.Causes.Any(cause => ModelLimit.IsMeant(cause.Message)) ? ModelLimit.Remedy
        : ByCode.FirstOrDefault(r => fault.Has(r.Code)).Remedy;
}
