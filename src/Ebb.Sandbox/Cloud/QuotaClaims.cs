namespace Ebb.Sandbox.Cloud;

/// <summary>What the resources of one template would use of each quota: together they must fit, not only each by itself.</summary>
internal sealed class QuotaClaims
{
    private readonly Dictionary<string, int> _claimed = new(StringComparer.OrdinalIgnoreCase);

    public int Of(string quota) => _claimed.GetValueOrDefault(quota);

    public void Add(string quota, int amount) => _claimed[quota] = Of(quota) + amount;
}
