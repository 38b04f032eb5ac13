namespace Ebb.Sandbox.Cloud;

/// <summary>Refusals in the cloud's own words.</summary>
internal static class CloudErrors
{
    public static CloudError GroupNotFound(string group) =>
        new(404, "ResourceGroupNotFound", $"Resource group '{group}' could not be found.");

    public static CloudError GroupBeingDeleted(string group) =>
        new(409, "ResourceGroupBeingDeleted", $"The resource group '{group}' is in deprovisioning state and cannot perform this operation.");

    public static CloudError ResourceNotFound(string typeAndName, string group) => new(
        404,
        "ResourceNotFound",
        $"The Resource '{typeAndName}' under resource group '{group}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix");

    public static CloudError SetNotFound(string group, string set) =>
        ResourceNotFound($"Microsoft.Compute/virtualMachineScaleSets/{set}", group);

    public static CloudError InstanceNotFound(string group, string set, string id) => new(
        404,
        "NotFound",
        $"The VM with instance Id {id} under VMSS {set} in resource group {group} was not found.");

    public static CloudError InstanceIdNotNumber { get; } =
        new(400, "InvalidParameter", "Virtual Machine Scale Set VM instanceId must be a number.") { Target = "instanceId" };

    public static CloudError InstanceNotActive(string id) => new(
        400,
        "InvalidParameter",
        $"The provided instanceId {id} is not an active Virtual Machine Scale Set VM instanceId.")
    { Target = "instanceIds" };

    public static CloudError InstanceIdsMissing { get; } =
        new(400, "InvalidParameter", "Required parameter 'instanceIds' is missing (null).") { Target = "instanceIds" };

    public static CloudError ConcurrentWrite { get; } = new(
        409,
        "ConflictingConcurrentWriteNotAllowed",
        "The operation was interrupted by a conflicting concurrent write on the same entity. Please retry later.");

    public static CloudError Preempted { get; } =
        new(409, "OperationPreempted", "Operation execution has been preempted by a more recent operation.");

    public static CloudError ETagMismatch(string asked, string actual) => new(
        412, "PreconditionFailed", $"Etag provided in if-match header {asked} does not match etag {actual} of resource.");

    public static CloudError PropertyChange(string property) =>
        new(409, "PropertyChangeNotAllowed", $"Changing property '{property}' is not allowed.") { Target = property };

    public static CloudError Quota(string quota, string location, int limit, int usage, int more) => new(
        409,
        "OperationNotAllowed",
        $"Operation could not be completed as it results in exceeding approved {quota} quota. Additional details - " +
        $"Deployment Model: Resource Manager, Location: {location}, Current Limit: {limit}, Current Usage: {usage}, " +
        $"Additional Required: {more}, (Minimum) New Limit Required: {usage + more}. Submit a request for Quota increase at " +
        "https://aka.ms/ProdportalCRP/#blade/Microsoft_Azure_Capacity/UsageAndQuota.ReactView/Parameters/ by specifying parameters " +
        "listed in the 'Details' section for deployment to succeed. Please read more about quota limits at " +
        "https://docs.microsoft.com/en-us/azure/azure-supportability/per-vm-quota-requests");

    public static CloudError SkuNotAvailable(string resourceId, string location, string zones, string subscription) => new(
        409,
        "SkuNotAvailable",
        $"The requested size for resource '{resourceId}' is currently not available in location '{location}' zones '{zones}' " +
        $"for subscription '{subscription}'. Please try another size or deploy to a different location or zones. " +
        "See https://aka.ms/azureskunotavailable for details.");

    public static CloudError Allocation(Shortage shortage, bool zonal, Priority priority) => (shortage, zonal) switch
    {
        (Shortage.Overconstrained, _) => new(
            409,
            zonal ? "OverconstrainedZonalAllocationRequest" : "OverconstrainedAllocationRequest",
            "Allocation failed. VM(s) with the following constraints cannot be allocated, because the condition is too restrictive. " +
            "Please remove some constraints and try again. Constraints applied are:\n" +
            (zonal ? " - Availability Zone\n" : "") + " - VM Size\n" + (priority == Priority.Spot ? " - Low Priority VMs\n" : "")),
        (_, true) => new(
            409,
            "ZonalAllocationFailed",
            "Allocation failed. We do not have sufficient capacity for the requested VM size in this zone. Read more about improving " +
            "likelihood of allocation success at http://aka.ms/allocation-guidance"),
        _ => new(
            409,
            "AllocationFailed",
            "Allocation failed. We do not have sufficient capacity for the requested VM size in this region. Read more about improving " +
            "likelihood of allocation success at http://aka.ms/allocation-guidance"),
    };

    public static CloudError DeallocatesEphemeral { get; } = new(
        409, "OperationNotAllowed", "Operation 'deallocate' is not supported for VMs or VM Scale Set instances using an ephemeral OS disk.");

    public static CloudError MaxPriceOfAllocated(string machine) => new(
        409,
        "OperationNotAllowed",
        $"Max price change is not allowed when the VM '{machine}' is currently allocated. Please deallocate and try again. For more information, see http://aka.ms/AzureSpot/errormessages");

    /// <summary>The words are Azure's; of its code none are known.</summary>
    public static CloudError TooManyModels(string set) => new(
        409,
        "OperationNotAllowed",
        $"Virtual Machine Scale Set '{set}' has reached its limit of {ScaleSetModel.MostInUse} models that may be referenced by one or more VMs belonging to the Virtual Machine Scale Set. " +
        "Upgrade the VMs to the latest model of the Virtual Machine Scale Set before trying again.");

    public static CloudError EphemeralTooLarge(Size size, string placement) => new(
        400,
        "NotSupported",
        $"OS disk of Ephemeral VM with size greater than {size.TempDiskGiB} GB is not allowed for VM size {size.Name} when the DiffDiskPlacement is {placement}. " +
        "Please refer to https://aka.ms/Ephemeral for more details.");

    public static CloudError NotSpot(string name) => new(
        409, "OperationNotAllowed", $"Operation 'simulateEviction' is not allowed on VM '{name}' since it is not a running Azure Spot virtual machine.");

    public static CloudError TooMany(string policy, DateTimeOffset now, int allowed, int measured, TimeSpan retryAfter)
    {
        var message = $$"""{"operationGroup":"{{policy}}","startTime":"{{now:O}}","endTime":"{{now + retryAfter:O}}","allowedRequestCount":{{allowed}},"measuredRequestCount":{{measured}}}""";
        return new(
            429,
            "OperationNotAllowed",
            "The server rejected the request because too many requests have been received for this subscription.")
        {
            Bare = true,
            RetryAfter = retryAfter,
            Details = [new CloudError(429, "TooManyRequests", message) { Target = policy }],
        };
    }
}
