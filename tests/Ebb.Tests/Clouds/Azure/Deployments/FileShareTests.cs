using System.Security.Cryptography;
using Ebb.Clouds;
using Ebb.Clouds.Azure.Deployments;
using Ebb.Sandbox.Azure;
using Ebb.Simulation;
using Ebb.Tests.Sandbox.Azure;
using Ebb.Tests.Sandbox.Azure.Storage;
using FileShare = Ebb.Clouds.Azure.Deployments.FileShare;

namespace Ebb.Tests.Clouds.Azure.Deployments;

/// <summary>The client of file shares against a server that knows nothing of it.</summary>
public class FileShareTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    [Fact]
    public async Task What_was_written_to_a_path_with_odd_names_is_read_again()
    {
        using var lab = await FaceLab.StartAsync();
        using var http = new HttpMessageInvoker(new InProcessHandler(lab.Face));
        var share = await ShareAsync(lab, http);
        var bytes = RandomNumberGenerator.GetBytes((4 << 20) + 12345);

        var runner = new Runner(lab.Cloud.Time);
        runner.Complete(() => share.MakeDirectoryAsync("bin/größe & more", CancellationToken.None), Limit);
        runner.Complete(() => share.MakeDirectoryAsync("bin/größe & more", CancellationToken.None), Limit);
        using var content = new MemoryStream(bytes);
        runner.Complete(() => share.WriteAsync("bin/größe & more/a+b %41.bin", content, CancellationToken.None), Limit);
        using var empty = new MemoryStream();
        runner.Complete(() => share.WriteAsync("bin/empty", empty, CancellationToken.None), Limit);

        Assert.Equal(bytes, runner.Complete(() => share.ReadAsync("bin/größe & more/a+b %41.bin", bytes.Length, CancellationToken.None), Limit));
        Assert.Empty(runner.Complete(() => share.ReadAsync("bin/empty", 10, CancellationToken.None), Limit)!);
        Assert.Null(runner.Complete(() => share.ReadAsync("bin/none", 10, CancellationToken.None), Limit));
    }

    [Fact]
    public async Task A_key_that_opens_nothing_is_said_without_being_shown()
    {
        using var lab = await FaceLab.StartAsync();
        using var http = new HttpMessageInvoker(new InProcessHandler(lab.Face));
        var wrong = Convert.ToBase64String(RandomNumberGenerator.GetBytes(64));
        var share = await ShareAsync(lab, http, wrong);

        var failed = Assert.Throws<CloudException>(() => new Runner(lab.Cloud.Time).Complete(() => share.ReadAsync("x", 10, CancellationToken.None), Limit));

        Assert.Contains("AuthenticationFailed", failed.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(wrong, failed.ToString(), StringComparison.Ordinal);
    }

    private static async Task<FileShare> ShareAsync(FaceLab lab, HttpMessageInvoker http, string? key = null)
    {
        await StorageAccountTests.MakeAsync(lab);
        await lab.PutAsync($"{StorageAccountTests.Account(lab)}/fileServices/default/shares/ebb-system", "{}");
        var files = (await lab.GetAsync(StorageAccountTests.Account(lab))).Json["properties"]!["primaryEndpoints"]!["file"]!.GetValue<string>();
        var access = new StorageAccess("ebbstore", new Uri(files), key ?? (await StorageAccountTests.KeysAsync(lab))[0]);
        return new FileShare(access, "ebb-system", http, lab.Cloud.Time, new Random(1));
    }
}
