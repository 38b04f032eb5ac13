using Ebb.Sandbox.Azure.Resources;

namespace Ebb.Sandbox.Azure.Deployments;

/// <summary>The deployments that groups and the subscription remember. Under the world's gate.</summary>
internal sealed class DeploymentStore
{
    // As many as a group keeps; the oldest that have ended make room for new ones.
    private const int MostOfScope = 800;

    private readonly Dictionary<string, Deployment> _deployments = new(StringComparer.OrdinalIgnoreCase);

    public DeploymentStore(ResourceStore resources) => resources.Emptied += Forget;

    public Deployment? Find(DeploymentScope scope, string name) => _deployments.GetValueOrDefault(scope.IdOf(name));

    /// <summary>The latest first.</summary>
    public IEnumerable<Deployment> Of(DeploymentScope scope) => _deployments.Values
        .Where(d => d.Scope.Id.Equals(scope.Id, StringComparison.OrdinalIgnoreCase))
        .OrderByDescending(d => d.StartedAt).ThenBy(d => d.Name, StringComparer.OrdinalIgnoreCase);

    public void Put(Deployment deployment)
    {
        _deployments[deployment.Id] = deployment;
        foreach (var old in Of(deployment.Scope).Skip(MostOfScope).Where(d => !d.Active).ToList())
        {
            _deployments.Remove(old.Id);
        }
    }

    public void Remove(Deployment deployment) => _deployments.Remove(deployment.Id);

    // A group that is gone takes its history with it.
    private void Forget(string scope)
    {
        foreach (var id in _deployments.Keys.Where(id => id.StartsWith(scope + "/", StringComparison.OrdinalIgnoreCase)).ToList())
        {
            _deployments.Remove(id);
        }
    }
}
