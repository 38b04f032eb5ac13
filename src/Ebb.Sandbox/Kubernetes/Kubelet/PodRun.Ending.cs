namespace Ebb.Sandbox.Kubernetes.Kubelet;

// How a pod ends.
internal sealed partial class PodRun
{
    private void Halt(int exitCode)
    {
        _stop = null;
        var interrupted = !Finished;
        if (interrupted)
        {
            _kubelet.Interrupted(this);
        }

        CancelAll();
        foreach (var container in _mains.Concat(_inits).Where(c => c.Running))
        {
            container.End(Now, exitCode);
        }

        if (interrupted)
        {
            Phase = "Failed";
            Write();
        }

        _kubelet.Release(this);
        _kubelet.ConfirmEnd(Pod);
    }

    private void Fail(string reason, string message)
    {
        if (Finished)
        {
            return;
        }

        (_reason, _message) = (reason, message);
        foreach (var container in _mains.Concat(_inits).Where(c => c.Running))
        {
            container.End(Now, 137, "Error");
        }

        Finish("Failed");
    }

    private void Finish(string phase)
    {
        var stopping = _stop is not null;
        CancelAll();
        Phase = phase;
        foreach (var sidecar in _inits.Where(c => c.Running))
        {
            sidecar.End(Now, 0);
        }

        Write();
        _kubelet.Release(this);
        if (stopping)
        {
            // It ended by itself while it was being stopped.
            _kubelet.ConfirmEnd(Pod);
        }
    }

    private void CancelAll()
    {
        _next?.Cancel();
        _deadline?.Cancel();
        _stop?.Cancel();
        _stop = null;
        CancelRestarts();
        foreach (var container in _mains.Concat(_inits))
        {
            container.Due?.Cancel();
        }
    }

    private void CancelRestarts()
    {
        foreach (var restart in _restarts.Values)
        {
            restart.Cancel();
        }

        _restarts.Clear();
    }
}
