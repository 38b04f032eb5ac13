using System.Text.Json.Nodes;
using Ebb.Sandbox.Azure.Templates;
using Ebb.Sandbox.Azure.Templates.Expanding;

namespace Ebb.Sandbox.Azure.Deployments;

/// <summary>
/// Deploys the resources of one expansion in their order, all that are ready at the same time. What fails holds up only what
/// waits for it. Under the world's gate, on its agenda.
/// </summary>
internal sealed class DeploymentRun
{
    private readonly DeploymentEngine _engine;
    private readonly Deployment _deployment;
    private readonly Sender _sender;
    private readonly Action _ended;
    private readonly List<TemplateResource> _waiting;
    private readonly HashSet<TemplateResource> _done = [];
    private readonly List<JsonObject> _failures = [];
    private int _running;
    private bool _cancelled;

    /// <param name="ended">Called once, when nothing of it runs any more.</param>
    public DeploymentRun(DeploymentEngine engine, Deployment deployment, Sender sender, Action ended)
    {
        _engine = engine;
        _deployment = deployment;
        _sender = sender;
        _ended = ended;
        _waiting = [.. deployment.Expansion.Resources.Where(r => !r.Existing)];
        deployment.Cancel = Cancel;
    }

    public void Start() => DeploymentEngine.Guard(this, () =>
    {
        if (_cancelled)
        {
            return;
        }

        Change("Running");
        if (!_deployment.Nested)
        {
            _deployment.Expansion.Renew();
        }

        Next();
    });

    /// <summary>A defect of the sandbox ends the deployment, told to whoever reads it.</summary>
    public void Break(Exception e)
    {
        if (_deployment.Active)
        {
            End("Failed", DeploymentErrors.Json("InternalServerError", $"The sandbox failed: {e}", _deployment.Id));
        }
    }

    private void Next()
    {
        foreach (var resource in _waiting.Where(r => r.After.All(_done.Contains)).ToList())
        {
            if (_cancelled)
            {
                break;
            }

            _waiting.Remove(resource);
            _running++;
            Deploy(resource);
        }

        if (_running == 0 && !_cancelled)
        {
            Finish();
        }
    }

    private void Deploy(TemplateResource resource)
    {
        var step = _engine.Step(_deployment, "Create", (resource.Id, resource.Key.Type, resource.Key.Name));

        // A turn of its own for each: what one resource does at once is not seen half-way by another.
        _engine.In(this, TimeSpan.Zero, () =>
        {
            if (_cancelled)
            {
                return;
            }

            if (resource.IsDeployment)
            {
                _engine.Nested(_deployment, resource, _sender, (nested, error) => Deployed(resource, step, new ErrandEnd(nested is null ? 400 : 201, null, error, nested is not null)));
                return;
            }

            JsonObject body;
            try
            {
                body = resource.Body(_engine.RuntimeOf(_sender));
            }
            catch (TemplateException e)
            {
                Deployed(resource, step, new ErrandEnd(400, null, DeploymentErrors.Json(e), Late: false));
                return;
            }

            step.Request = _deployment.Order.KeepsRequests ? body.DeepClone() : null;
            _engine.Errand.Carry("PUT", resource.Id, resource.Key.ApiVersion, body, _sender, end => DeploymentEngine.Guard(this, () => Deployed(resource, step, end)));
        });
    }

    private void Deployed(TemplateResource resource, DeploymentStep step, ErrandEnd end)
    {
        _running--;
        step.Response = _deployment.Order.KeepsAnswers ? end.Body?.DeepClone() : null;
        _engine.EndStep(step, end);
        if (end.Error is null)
        {
            _done.Add(resource);
            _deployment.OutputResources.Add(resource.Id);
        }
        else
        {
            _failures.Add(resource.IsDeployment && end.Late ? end.Error : DeploymentErrors.OfResource(resource.Id, end));
        }

        if (!_cancelled)
        {
            _deployment.ChangedAt = _engine.Now;
            Next();
        }
    }

    private void Finish()
    {
        if (_failures.Count > 0)
        {
            End("Failed", DeploymentErrors.Failed(_deployment.Id, _failures));
            return;
        }

        if (!_deployment.Order.Complete)
        {
            Evaluate();
            return;
        }

        new Cleanup(_engine, this, _deployment, _sender).Run(error =>
        {
            if (error is not null)
            {
                End("Failed", DeploymentErrors.Json("DeploymentFailedCleanUp", "Unable to delete resources while cleaning up after the deployment in mode 'Complete'.", _deployment.Id, error));
            }
            else
            {
                Evaluate();
            }
        });
    }

    private void Evaluate()
    {
        var step = _engine.Step(_deployment, "EvaluateDeploymentOutput", null);
        try
        {
            var outputs = _deployment.Expansion.Outputs(_engine.RuntimeOf(_sender));
            _deployment.Outputs = outputs;
            _engine.EndStep(step, new ErrandEnd(200, null, null, Late: false));
            End("Succeeded", null);
        }
        catch (TemplateException e)
        {
            _engine.EndStep(step, new ErrandEnd(400, null, DeploymentErrors.Json(e), Late: false));
            End("Failed", DeploymentErrors.Json(e));
        }
    }

    private void Cancel()
    {
        if (_cancelled || !_deployment.Active)
        {
            return;
        }

        _cancelled = true;
        foreach (var step in _deployment.Steps.Where(s => s.EndedAt is null))
        {
            step.State = "Canceled";
            step.EndedAt = step.ChangedAt = _engine.Now;
        }

        End("Canceled", DeploymentErrors.Json("DeploymentCanceled", $"The deployment '{_deployment.Name}' was canceled. What had begun goes on by itself; nothing more is begun.", _deployment.Id));
    }

    private void End(string state, JsonObject? error)
    {
        // It ends once, though what it began goes on.
        if (!_deployment.Active)
        {
            return;
        }

        _deployment.Error = error;
        _deployment.EndedAt = _engine.Now;
        Change(state);
        _ended();
    }

    private void Change(string state)
    {
        _deployment.State = state;
        _deployment.ChangedAt = _engine.Now;
    }
}
