using System.Net;
using System.Threading.Channels;
using Ebb.Sandbox.Cloud;
using Microsoft.Extensions.Logging;

namespace Ebb.Sandbox.Machines.Nspawn;

/// <summary>
/// One machine: does what the cloud orders, one order after the other, as it was given them. An order that the host refuses is
/// logged, and leaves a machine that does not run, as broken ones do.
/// </summary>
internal sealed partial class NspawnMachine
{
    private readonly NspawnOptions _options;
    private readonly Room _room;
    private readonly HostCommand _host;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly MachineFiles _files;
    private readonly Channel<Func<Task>> _orders = Channel.CreateUnbounded<Func<Task>>(new UnboundedChannelOptions { SingleReader = true });
    private MachinePower? _power;
    private Task _watch = Task.CompletedTask;
    private int _generation;

    public NspawnMachine(Instance instance, NspawnOptions options, Room room, HostCommand host, TimeProvider time, ILogger logger)
    {
        _options = options;
        _room = room;
        _host = host;
        _time = time;
        _logger = logger;
        _files = new MachineFiles(options, instance);
        Done = RunAsync();
    }

    /// <summary>Ends when the machine is gone.</summary>
    public Task Done { get; }

    public void PowerOn(Instance instance, Size size, MachineBirth birth) => Order(() => OnAsync(instance, size, birth));

    public void ShutDown() => Order(() =>
    {
        _power?.ShutDown();
        return Task.CompletedTask;
    });

    public void PowerOff(Instance instance) => Order(async () =>
    {
        await CutAsync();
        LogOff(instance.Name);
    });

    /// <summary>Gives it a disk as new.</summary>
    public void Reimage() => Order(async () =>
    {
        await CutAsync();
        await _files.WipeAsync(_host, CancellationToken.None);
        _generation++;
    });

    /// <summary>Removes it; nothing of it is left.</summary>
    public void Remove(Instance instance)
    {
        Order(async () =>
        {
            await CutAsync();
            await _room.UnrouteAsync(IPAddress.Parse(instance.Address), CancellationToken.None);
            await _files.RemoveAsync(_host, CancellationToken.None);
            LogGone(instance.Name);
        });
        _orders.Writer.TryComplete();
    }

    private void Order(Func<Task> order) => _orders.Writer.TryWrite(order);

    private async Task RunAsync()
    {
        await foreach (var order in _orders.Reader.ReadAllAsync(CancellationToken.None))
        {
            try
            {
                await order();
            }
            catch (Exception e) when (e is NspawnException or IOException or UnauthorizedAccessException)
            {
                LogFailed(_files.Name, e.Message);
            }
        }
    }

    private async Task OnAsync(Instance instance, Size size, MachineBirth birth)
    {
        await CutAsync();
        _files.Create();
        await MachineFiles.RemoveAsync(_host, [_files.Firmware], CancellationToken.None);
        Firmware.Write(_files.Firmware, instance, size, birth, _generation);
        await _room.RouteAsync(IPAddress.Parse(instance.Address), IPNetwork.Parse(instance.Subnet), CancellationToken.None);
        var power = _power = MachinePower.On(_files, instance, size, _options, _time);
        LogOn(instance.Name, instance.Address);
        _watch = WatchAsync(power, instance.Name, () => Order(async () =>
        {
            // Unless the cloud has ordered something else meanwhile.
            if (ReferenceEquals(_power, power))
            {
                LogReboots(instance.Name);
                await OnAsync(instance, size, birth);
            }
        }));
    }

    private async Task CutAsync()
    {
        if (_power is { } power)
        {
            _power = null;
            await power.DisposeAsync();
            await _watch;
        }
    }

    /// <summary>A machine that does not come up is seen by nobody else: the cloud sold it, and takes it to be on.</summary>
    private async Task WatchAsync(MachinePower power, string machine, Action reboot)
    {
        var end = await power.Ended;
        if (end.Reboots)
        {
            // To the cloud its power was never off.
            reboot();
        }
        else if (end.Broken is { } why)
        {
            LogFailed(machine, why);
        }
    }

    [LoggerMessage(LogLevel.Information, "Machine {Machine} is on, at {Address}")]
    private partial void LogOn(string machine, string address);

    [LoggerMessage(LogLevel.Information, "Machine {Machine} reboots by itself")]
    private partial void LogReboots(string machine);

    [LoggerMessage(LogLevel.Information, "Machine {Machine} is off")]
    private partial void LogOff(string machine);

    [LoggerMessage(LogLevel.Information, "Machine {Machine} is gone")]
    private partial void LogGone(string machine);

    [LoggerMessage(LogLevel.Error, "Machine {Machine} did not do what the cloud ordered: {Reason}")]
    private partial void LogFailed(string machine, string reason);
}
