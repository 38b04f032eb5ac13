namespace Ebb.Sandbox.Machines.Nspawn;

/// <summary>Keeps what a machine prints on its console in a file, and that file and the one before it within bounds.</summary>
internal static class ConsoleLog
{
    private const long MostBytes = 1 << 20;

    /// <summary>Until the stream ends.</summary>
    public static async Task KeepAsync(Stream console, string file)
    {
        var buffer = new byte[8 << 10];
        var log = Open(file);
        try
        {
            int read;
            while ((read = await console.ReadAsync(buffer, CancellationToken.None)) > 0)
            {
                await log.WriteAsync(buffer.AsMemory(0, read), CancellationToken.None);
                await log.FlushAsync(CancellationToken.None);
                if (log.Length > MostBytes)
                {
                    await log.DisposeAsync();
                    File.Move(file, file + ".1", overwrite: true);
                    log = Open(file);
                }
            }
        }
        catch (IOException)
        {
            // A full disk: the machine must not stall for its console, so the rest is read and dropped.
            while (await console.ReadAsync(buffer, CancellationToken.None) > 0)
            {
            }
        }
        finally
        {
            await log.DisposeAsync();
        }
    }

    // What a machine prints is for whoever may be root on it.
    private static FileStream Open(string file) => new(file, new FileStreamOptions
    {
        Mode = FileMode.Append,
        Access = FileAccess.Write,
        Share = FileShare.ReadWrite | FileShare.Delete,
        UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
    });
}
