using Ebb.Agent;
using Ebb.Joining;

namespace Ebb.Tests.Agent;

public sealed class MountsTests : IDisposable
{
    private const string Key = "c3RvcmFnZQ==";

    private static readonly Mount Share = new() { Kind = "cifs", Host = "farm.file.core.windows.net", Share = "srv", At = "/srv", User = "farm", Key = Key };

    private readonly MachineLab _lab = new();

    [Fact]
    public async Task A_share_is_mounted_with_its_key_in_a_file_for_root_alone_and_on_no_command_line()
    {
        await new Mounts(_lab.Machine).MountAsync([Share], TestContext.Current.CancellationToken);

        const string File = "/etc/ebb/mounts/farm.file.core.windows.net-srv.credentials";
        Assert.StartsWith($"mount -t cifs -o credentials={File},vers=3.1.1,", Assert.Single(_lab.Lines));
        Assert.EndsWith(" //farm.file.core.windows.net/srv /srv", Assert.Single(_lab.Lines));
        Assert.Equal($"username=farm\npassword={Key}\n", _lab.Read(File));
        Assert.All(_lab.Files(), file => Assert.Equal(Machine.Secret, _lab.ModeOf(file)));
        Assert.DoesNotContain(_lab.Lines, line => line.Contains(Key, StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_is_mounted_stays_and_a_new_key_is_kept_for_the_next_time()
    {
        _lab.Put("/proc/self/mountinfo", "36 35 0:50 / /srv rw,relatime - cifs //farm.file.core.windows.net/srv rw\n");

        await new Mounts(_lab.Machine).MountAsync([Share with { Key = "bmV3" }], TestContext.Current.CancellationToken);

        Assert.Empty(_lab.Lines);
        Assert.Contains("password=bmV3", _lab.Read("/etc/ebb/mounts/farm.file.core.windows.net-srv.credentials"));
    }

    [Fact]
    public async Task A_boot_without_a_join_server_mounts_what_was_mounted_before()
    {
        await new Mounts(_lab.Machine).MountAsync([Share, new Mount { Kind = "nfs", Host = "10.1.0.9", Share = "data", At = "/data" }], TestContext.Current.CancellationToken);
        var before = _lab.Lines.ToList();
        _lab.Ran.Clear();

        await new Mounts(_lab.Machine).MountAgainAsync(TestContext.Current.CancellationToken);

        Assert.Equal(before, _lab.Lines);
        Assert.EndsWith(" 10.1.0.9:/data /data", before[1]);
    }

    public void Dispose() => _lab.Dispose();
}
